"""Grad-CAM of skeleton recognizers, summed over time and persons."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from shapmix_mm.models.blending.mixing import present_persons

from .coalition_scores import evaluating

__all__ = ['joint_gradcam']


def joint_gradcam(model: Any, clips: Tensor, label: Tensor) -> Tensor:
    r"""Share of each joint in the evidence for a sample's own class.

    The map is :math:`\mathrm{ReLU}(\sum_c \alpha_c A_c)` over the features A
    of the backbone, with the mean gradient of the class's logit as weight
    :math:`\alpha_c` of channel c, for each person by itself; gradients end
    at the features, so that no parameter receives any. Source: Selvaraju et
    al., Grad-CAM (ICCV 2017), Eq. 1 and 2; the guidance that Table 8 of the
    Shap-Mix paper compares with.

    Args:
        model (RecognizerGCN): A recognizer whose backbone gives features of
            shape (n, M, C, T', V).
        clips (Tensor): Skeletons, shape (n, 1, M, T, V, C).
        label (Tensor): Class indices, shape (n,).

    Returns:
        Tensor: float32, shape (n, V). Each row is not negative and sums to
        one, or is zero where nothing speaks for the class.

    Raises:
        ValueError: If the features have no joint dimension of size V.
    """
    with evaluating(model):
        with torch.no_grad():
            features = model(clips, stage='backbone', mode='tensor')
        if features.ndim != 5 or features.size(-1) != clips.size(-2):
            raise ValueError(
                'Grad-CAM needs backbone features of shape (n, M, C, T, '
                f'{clips.size(-2)}), got {tuple(features.shape)}'
            )
        with torch.enable_grad():
            features = features.detach().requires_grad_()
            logits = model.cls_head(features).float()
            own = logits.gather(1, label[:, None]).sum()
            (gradient,) = torch.autograd.grad(own, features)
    weight = gradient.float().mean((3, 4), keepdim=True)
    cam = (weight * features.detach().float()).sum(2).clamp(min=0).mean(2)
    present = present_persons(clips.squeeze(1))
    cam = (cam * present[..., None]).sum(1)
    return cam / cam.sum(1, keepdim=True).clamp(min=torch.finfo().tiny)
