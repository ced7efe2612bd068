"""Dumping scores, labels and names of the samples of a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmaction.registry import METRICS
from mmengine.evaluator import DumpResults

from shapmix_mm.serialization import check_writable

from .data_samples import read_score


@METRICS.register_module()
class DumpScores(DumpResults):
    """``DumpResults`` with what fusion needs, in a fraction of the space.

    The file has the same form, a list with a dict for each sample, and the
    tools that read the stock one read it. Each tensor is written alone,
    where the stock metric writes the scores of the whole batch with each
    sample. Names are there if ``PackActionInputs`` of the test's pipeline
    has ``meta_keys=('frame_dir',)``.

    Args:
        out_file_path (str): Pickle to write.
        collect_device (str): See :class:`BaseMetric`. Defaults to 'cpu'.

    Raises:
        ValueError: If the pickle could not be written.
    """

    def __init__(
        self, out_file_path: str, collect_device: Literal['cpu', 'gpu'] = 'cpu'
    ) -> None:
        super().__init__(out_file_path, collect_device)
        # Not after hours of work.
        check_writable(out_file_path)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, label and name of each sample of a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with ``pred_score``.
        """
        for sample in data_samples:
            kept: dict[str, Any] = dict(pred_score=_alone(read_score(sample)))
            if 'gt_label' in sample:
                kept['gt_label'] = _alone(torch.as_tensor(sample['gt_label']))
            if 'frame_dir' in sample:
                kept['frame_dir'] = sample['frame_dir']
            self.results.append(kept)


def _alone(tensor: torch.Tensor) -> torch.Tensor:
    """A copy that shares no memory with its batch."""
    return tensor.detach().cpu().clone()
