"""LDAM: margins that are larger for rare classes."""

from __future__ import annotations

from typing import Sequence

from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import NonNegative, Positive

from .class_losses import cross_entropies, margin_cross_entropies
from .longtail_loss import CountedLoss

__all__ = ['LDAMLoss']


@MODELS.register_module()
class LDAMLoss(CountedLoss):
    r"""Cross-entropy on scaled cosines, the label's lowered by a margin.

    .. math:: \Delta_k = m \left(\frac{n_k}{\min_j n_j}\right)^{-1/4}, \quad
        \ell_k(z) = -\log \frac{e^{z_k - s \Delta_k}}
        {e^{z_k - s \Delta_k} + \sum_{j \neq k} e^{z_j}}

    The logits z are s times a cosine, as ``CosineGCNHead`` gives them; the
    scale is applied there, once, and is the same at inference. A soft target
    costs the mix of its hard targets. Reduced by the mean over the batch.
    Source: Cao et al., Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss, NeurIPS 2019.

    Args:
        max_margin (float): m, margin of the rarest class as a cosine.
            Defaults to 0.5.
        scale (float, optional): s, factor that the head has applied. Defaults
            to None: ``CosineGCNHead`` tells its own.
        loss_weight (float): Factor on the mean over the batch. Defaults to
            1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    def __init__(
        self,
        max_margin: NonNegative = 0.5,
        *,
        scale: Positive | None = None,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight, class_counts=class_counts)
        self.max_margin = max_margin
        self.scale = scale

    def adopt_scale(self, scale: float) -> None:
        """Take over the scale of the head.

        Args:
            scale (float): Factor on its cosines.

        Raises:
            ValueError: If the loss was given another.
        """
        if self.scale not in (None, scale):
            raise ValueError(
                f'LDAMLoss has scale {self.scale}, its head {scale}; give '
                'the scale to the head alone'
            )
        self.scale = scale

    def margins(self, num_classes: int) -> Tensor:
        """Margins of the classes as cosines.

        Args:
            num_classes (int): Number of classes K.

        Returns:
            Tensor: Shape (K,).
        """
        counts = self.counts_of(num_classes)
        return self.max_margin * (counts / counts.min()) ** -0.25

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy with margins for every label; see the base."""
        if not self.training:
            return cross_entropies(logits)
        if self.scale is None:
            raise ValueError(
                'LDAMLoss needs the scaled cosines of a CosineGCNHead as '
                'cls_head; for another head of that kind give scale=...'
            )
        margins = self.margins(logits.size(1)).to(logits)
        return margin_cross_entropies(logits, self.scale * margins)
