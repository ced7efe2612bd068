"""One rank of a training, as far as its data go; data.py starts it.

It gets its task as JSON, builds the datasets of training and validation, and
prints what it took as JSON. With workers, it reads every sample through them,
waits for a line on its input and then looks at its memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from mmaction.registry import DATASETS
from mmengine.logging import MMLogger
from torch.utils.data import ConcatDataset, DataLoader

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)

TYPES = dict(
    stock='PoseDataset',
    ours='LongTailedPoseDataset',
    cache='LongTailedPoseDataset',
)
LONGTAIL = dict(profile='exp', n_max=600, imbalance=100, names='performer')
# Kilobytes in smaps_rollup: memory of its own, or of forked processes.
PRIVATE = ('Pss_Anon', 'Pss_Shmem')


def label_of_read(sample: dict[str, Any]) -> float:
    """Touch all of a sample, and give little to the collector."""
    return float(sample['keypoint'].sum()) * 0 + sample['label']


def build(variant: str, path: str, longtail: bool) -> list[Any]:
    """Build the datasets of a rank.

    Args:
        variant (str): Key of TYPES.
        path (str): Annotation file, or cache.
        longtail (bool): Whether the training set is a long-tailed one.

    Returns:
        list: The datasets of training and validation.
    """
    extra = dict(longtail=LONGTAIL, num_classes=120) if longtail else {}
    return [
        DATASETS.build(
            dict(
                type=TYPES[variant],
                ann_file=path,
                split=split,
                pipeline=[label_of_read],
                test_mode=split == 'xsub_val',
                **extra,
            )
        )
        for split in ('xsub_train', 'xsub_val')
    ]


def memory(pids: list[int], keys: tuple[str, ...]) -> float:
    """Resident memory of processes, shares of common pages counted once.

    Args:
        pids (list[int]): The processes.
        keys (tuple[str]): Kinds of memory, as smaps_rollup names them.

    Returns:
        float: Megabytes.
    """
    total = 0
    for pid in pids:
        with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
            for line in file:
                key, _, rest = line.partition(':')
                total += int(rest.split()[0]) if key in keys else 0
    return total * 1024 / 1e6


def read_all(datasets: list[Any], workers: int) -> DataLoader:
    """Read every sample once through workers, which stay.

    Args:
        datasets (list): The datasets.
        workers (int): How many workers.

    Returns:
        DataLoader: The loader, with its workers alive.
    """
    loader = DataLoader(
        ConcatDataset(datasets),
        batch_size=64,
        num_workers=workers,
        persistent_workers=True,
        shuffle=True,
    )
    for _ in loader:
        pass
    return loader


def main() -> None:
    """Do the task on the command line."""
    task = json.loads(sys.argv[1])
    MMLogger.get_current_instance().setLevel('WARNING')
    own = [os.getpid()]
    before = memory(own, PRIVATE)
    wall, cpu = time.perf_counter(), time.process_time()
    datasets = build(task['variant'], task['path'], task['longtail'])
    found = dict(
        seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        samples=sum(map(len, datasets)),
    )
    if task['workers']:
        loader = read_all(datasets, task['workers'])
        pids = own + [w.pid for w in loader._iterator._workers]
        print('ready', flush=True)
        sys.stdin.readline()
        found['added_mb'] = memory(pids, PRIVATE) - before
        found['before_mb'] = before
        found['file_mb'] = memory(pids, ('Pss_File',))
    print(json.dumps(found), flush=True)
    if task['workers']:
        # The other rank counts common pages as long as this one is there.
        sys.stdin.readline()


if __name__ == '__main__':
    main()
