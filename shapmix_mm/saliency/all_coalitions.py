"""Forward passes for all coalitions of a batch, none of them twice."""

from __future__ import annotations

from typing import Iterator

import torch
from torch import Tensor, nn

from shapmix_mm.saliency.coalition_scores import coalition_scores, keep_parts
from shapmix_mm.skeletons import Layout

__all__ = ['MAX_CLIPS', 'AllCoalitions']

# Bounds memory, whatever the numbers of samples, clips and parts.
MAX_CLIPS = 256


class AllCoalitions:
    """Worths of the 2**P coalitions of a batch, in passes of bounded size.

    With the empty coalition all parts stand at the mean pose, so that the
    scores depend on nothing but when each person is there; they are computed
    once for each such pattern and kept.

    Args:
        model (nn.Module): A recognizer in evaluation mode.
        mean (Tensor): Mean pose on the model's device, shape (M, V, C).
        layout (Layout): Skeleton layout.
        amp (bool): Whether to score in mixed precision.
        max_clips (int): Most clips in one forward pass. Defaults to 256.
    """

    def __init__(
        self,
        model: nn.Module,
        mean: Tensor,
        layout: Layout,
        amp: bool = False,
        max_clips: int = MAX_CLIPS,
    ) -> None:
        self.model = model
        self.mean = mean
        self.layout = layout
        self.amp = amp
        self.max_clips = max_clips
        self._empty: dict[tuple, Tensor] = {}

    def __call__(
        self, clips: Tensor, label: Tensor
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        """Score a batch piece by piece.

        Args:
            clips (Tensor): Skeletons, shape (N, clips, M, T, V, C).
            label (Tensor): Class indices, shape (N,).

        Yields:
            tuple[slice, slice, Tensor]: Samples, coalitions, and their
            worths, shape (samples, coalitions).
        """
        step = max(1, self.max_clips // clips.size(1))
        for start in range(0, len(clips), step):
            rows = slice(start, min(start + step, len(clips)))
            # Also tells how many classes the model knows.
            yield rows, slice(0, 1), self._nothing(clips[rows], label[rows])
            for chosen, values in self._something(clips[rows], label[rows]):
                yield rows, chosen, values

    def _something(
        self, clips: Tensor, label: Tensor
    ) -> Iterator[tuple[slice, Tensor]]:
        singles = clips.flatten(0, 1).unsqueeze(1)
        repeated = label.repeat_interleave(clips.size(1))
        step = max(1, self.max_clips // len(singles))
        end = 2**self.layout.num_parts
        for start in range(1, end, step):
            chosen = slice(start, min(start + step, end))
            with torch.autocast(clips.device.type, enabled=self.amp):
                scores = coalition_scores(
                    self.model,
                    singles,
                    repeated,
                    self.mean,
                    range(chosen.start, chosen.stop),
                    self.layout,
                )
            yield chosen, scores.unflatten(1, clips.shape[:2]).mean(2).T

    def _nothing(self, clips: Tensor, label: Tensor) -> Tensor:
        singles = clips.flatten(0, 1)
        present = singles.flatten(3).any(-1)
        keys = [(*row.shape, row.numpy().tobytes()) for row in present.cpu()]
        new = {
            key: row for row, key in enumerate(keys) if key not in self._empty
        }
        if new:
            chosen = singles[list(new.values())].unsqueeze(1)
            still = keep_parts(chosen, self.mean, [0], self.layout)[0]
            with (
                torch.no_grad(),
                torch.autocast(clips.device.type, enabled=self.amp),
            ):
                logits = self.model(still, stage='head', mode='tensor')
            self._empty.update(zip(new, logits.float().softmax(-1).unbind()))
        scores = torch.stack([self._empty[key] for key in keys])
        if not bool(((label >= 0) & (label < scores.size(1))).all()):
            raise ValueError(
                f'the split has labels {sorted(set(label.tolist()))}, the '
                f'model knows the classes 0 to {scores.size(1) - 1}'
            )
        scores = scores.unflatten(0, clips.shape[:2]).mean(1)
        return scores.gather(1, label.unsqueeze(1))
