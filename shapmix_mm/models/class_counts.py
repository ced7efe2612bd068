"""Class counts as state of a module, whatever their number at build time."""

from __future__ import annotations

from typing import Any, ClassVar, Sequence

import torch
from torch import Tensor, nn

__all__ = ['ClassCountsMixin', 'LazyBuffersMixin']


class LazyBuffersMixin(nn.Module):
    """Buffers that take the shape a checkpoint or the data gives them.

    A lazy buffer starts empty. Loading replaces it by the checkpoint's
    tensor, where plain buffers would report a size mismatch.
    """

    lazy_buffers: ClassVar[tuple[str, ...]] = ()

    def register_lazy_buffers(self) -> None:
        """Register every lazy buffer as an empty float tensor."""
        for name in self.lazy_buffers:
            self.register_buffer(name, torch.zeros(0))

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name in self.lazy_buffers:
            saved = state_dict.get(prefix + name)
            if saved is not None and name in self._buffers:
                device = getattr(self, name).device
                setattr(self, name, torch.empty_like(saved, device=device))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class ClassCountsMixin(LazyBuffersMixin):
    """A module that needs the training samples per class.

    ``ClassCountsHook`` finds it by ``needs_class_counts``. The counts are a
    persistent float buffer: ``SyncBuffersHook`` truncates integers, and a
    resumed run must go on with the counts that it stopped with.
    """

    needs_class_counts: ClassVar[bool] = True
    lazy_buffers: ClassVar[tuple[str, ...]] = ('class_counts',)
    class_counts: Tensor
    #: Counts of its config, which no other source replaces.
    given_counts: Sequence[float] | None = None

    def set_class_counts(self, counts: Sequence[float] | Tensor) -> None:
        """Take over the number of training samples of each class.

        Args:
            counts (Sequence[float] or Tensor): Shape (K,).

        Raises:
            ValueError: If the counts are no positive vector, or their number
                is not the number of classes that the module was built for.
        """
        counts = torch.as_tensor(counts, dtype=torch.float32)
        owner = type(self).__name__
        expected = getattr(self, 'num_classes', None) or counts.numel()
        if counts.ndim != 1 or counts.numel() != expected:
            raise ValueError(
                f'{owner} needs class counts of shape ({expected},), got '
                f'shape {tuple(counts.shape)}'
            )
        if not bool((counts > 0).all()):
            empty = (~(counts > 0)).nonzero().flatten().tolist()
            raise ValueError(
                f'{owner} needs a positive number of training '
                f'samples for each class; not so for {empty}'
            )
        self.class_counts = counts.to(self.class_counts.device)

    def give_class_counts(self, counts: Sequence[float]) -> None:
        """Take over those of a config, for all that is inside too.

        Args:
            counts (Sequence[float]): Shape (K,).

        Raises:
            ValueError: See :meth:`set_class_counts`.
        """
        self.set_class_counts(counts)
        for module in self.modules():
            if isinstance(module, ClassCountsMixin):
                module.given_counts = counts

    def known_counts(self, purpose: str = '') -> Tensor:
        """The counts, when they are needed.

        Args:
            purpose (str): What for, in the error. Defaults to ''.

        Returns:
            Tensor: Shape (K,).

        Raises:
            ValueError: If nobody has handed them over.
        """
        if self.class_counts.numel() == 0:
            raise ValueError(
                f'{type(self).__name__} has no class counts{purpose}; add '
                "dict(type='ClassCountsHook') to custom_hooks"
            )
        return self.class_counts
