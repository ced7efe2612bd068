"""A recognizer whose network is an ONNX file."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from shapmix_mm.config.launch import num_classes_of
from shapmix_mm.config.trained_model import TrainedModel, build_bare

__all__ = ['load_onnx']


class _Network(nn.Module):
    """Backbone and head in one: skeletons (N, M, T, V, C) to (N, K)."""

    def __init__(self, session: Any, path: str) -> None:
        super().__init__()
        self.session = session
        self.path = path
        self.input = session.get_inputs()[0].name

    def forward(self, skeletons: Tensor) -> Tensor:
        """Run the session.

        Args:
            skeletons (Tensor): Shape (N, M, T, V, C).

        Returns:
            Tensor: Logits, shape (N, K).
        """
        values = skeletons.float().numpy()
        try:
            (scores,) = self.session.run(None, {self.input: values})
        # The classes of its errors are those of its compiled part.
        except Exception as error:
            text = ' '.join(str(error).split())[:300]
            raise ValueError(
                f'{self.path} does not take skeletons of the shape '
                f'{values.shape}, which the config makes ({text})'
            ) from error
        return torch.from_numpy(np.asarray(scores))


def load_onnx(cfg: Config, path: str) -> TrainedModel:
    """Build a config's recognizer around an exported network.

    Preprocessor and averaging over clips stay those of the config.

    Args:
        cfg (Config): Complete config.
        path (str): File that MMAction2's ``export_onnx_gcn.py`` made.

    Returns:
        TrainedModel: The recognizer, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If onnxruntime is not installed.
        ValueError: If the file is no ONNX network, or of other classes.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            f'{path} needs onnxruntime, which is not installed: '
            "pip install 'shapmix_mm[optional]'"
        ) from error
    with open(path, 'rb') as file:
        content = file.read()
    try:
        session = onnxruntime.InferenceSession(
            content, providers=['CPUExecutionProvider']
        )
    except Exception as error:
        raise ValueError(f'{path} is no ONNX network ({error})') from error
    model: Any = build_bare(cfg)[0]
    classes = session.get_outputs()[0].shape[-1]
    if isinstance(classes, int) and classes != num_classes_of(model):
        raise ValueError(
            f'{path} has {classes} classes, the config {num_classes_of(model)}'
        )
    model.backbone = _Network(session, path)
    model.cls_head.forward = lambda feats, **kwargs: feats
    return TrainedModel(model.eval(), None, {}, None)
