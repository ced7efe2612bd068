"""Places to train at: one per GPU, or per CPU process."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from .locks import Lock, try_lock

__all__ = ['Slot', 'find_slots']


@dataclass(frozen=True)
class Slot:
    """A GPU, or a share of the CPU.

    Attributes:
        name (str): Such as ``gpu0`` or ``cpu1``.
        environment (dict[str, str]): Variables that hold a process to it.
    """

    name: str
    environment: Mapping[str, str]

    def lock(self, root: Path) -> Lock | None:
        """Take the place, if no training of the same root has it.

        Args:
            root (Path): Folder of all runs.

        Returns:
            Lock | None: The lock, or None if it is taken.
        """
        host = socket.gethostname()
        return try_lock(root / '.slots' / f'{host}-{self.name}')


def find_slots(workers: int | None, runs: int) -> list[Slot]:
    """List the places of this machine.

    Args:
        workers (int, optional): How many; None takes one per GPU, and
            without a GPU one per core, at most one per run.
        runs (int): Number of runs.

    Returns:
        list[Slot]: Places. More workers than GPUs share them in turn; on a
        CPU the cores are shared out evenly.
    """
    cards = _cards()
    if cards:
        count = workers or len(cards)
        return [
            Slot(
                f'gpu{cards[i % len(cards)]}'
                + (f'-{i // len(cards)}' if i >= len(cards) else ''),
                dict(CUDA_VISIBLE_DEVICES=cards[i % len(cards)]),
            )
            for i in range(count)
        ]
    cores = _cores()
    count = workers or max(1, min(cores, runs))
    threads = str(max(1, cores // count))
    given = os.environ.get('OMP_NUM_THREADS', threads)
    return [Slot(f'cpu{i}', dict(OMP_NUM_THREADS=given)) for i in range(count)]


def _cards() -> list[str]:
    visible = os.environ.get('CUDA_VISIBLE_DEVICES')
    count = torch.cuda.device_count()
    if visible is None:
        return [str(index) for index in range(count)]
    return [name.strip() for name in visible.split(',') if name.strip()][
        :count
    ]


def _cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
