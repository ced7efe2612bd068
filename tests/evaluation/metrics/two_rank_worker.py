"""Evaluate one rank's share of a validation set and print the metrics.

Run as ``two_rank_worker.py INIT_FILE RANK WORLD_SIZE`` by the test beside it.
"""

import json
import sys

import numpy as np
import torch
import torch.distributed as dist

from shapmix_mm.evaluation import LongTailMetric


def samples(size, num_classes=7):
    """Seeded scores and labels as the model's output dicts."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, num_classes, size)
    scores = (
        rng.random((size, num_classes)) + 0.5 * np.eye(num_classes)[labels]
    )
    return [
        dict(pred_score=torch.tensor(s), gt_label=torch.tensor([int(label)]))
        for s, label in zip(scores, labels)
    ]


def main(init_file, rank, world_size, size=23):
    dist.init_process_group(
        'gloo',
        init_method=f'file://{init_file}',
        rank=rank,
        world_size=world_size,
    )
    data = samples(size)
    metric = LongTailMetric(class_counts=[300, 120, 90, 40, 20, 9, 4])
    # As DefaultSampler(round_up=True) deals them: strided, with the first
    # samples repeated until every rank has the same number.
    share = -(-size // world_size)
    indices = (list(range(size)) * 2)[: share * world_size]
    metric.process(None, [data[i] for i in indices[rank::world_size]])
    result = metric.evaluate(size)
    print('RESULT ' + json.dumps(result), flush=True)
    # A rank that exits first may abort another that still listens to it.
    dist.barrier()
    dist.destroy_process_group()


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
