"""What torch.compile leaves alone."""

from __future__ import annotations

from typing import Any

__all__ = ['keep_preprocessing_eager']


def keep_preprocessing_eager(model: Any) -> None:
    """Keep preprocessing and blend out of the graphs of a compiled step.

    ``cfg.compile`` makes mmengine compile the whole training step. The
    preprocessor stacks samples one by one, with a guard on the strides of
    each, so that almost every batch would compile it anew; and the blend's
    draws, once compiled, would come from the compiler's random stream instead
    of torch's. The forward pass behind them is compiled as before.

    Args:
        model (BaseRecognizer): A recognizer, changed in place.
    """
    # Takes a second, which a run without compilation need not wait.
    from torch import _dynamo

    preprocessor = model.data_preprocessor
    # torch.compiler.disable is the same, but younger than torch 2.0.
    preprocessor.forward = _dynamo.disable(preprocessor.forward)
