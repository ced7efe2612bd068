"""Clocks, memory and spreads as the benchmarks measure them."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Sequence

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

__all__ = ['Clock', 'peak_bytes', 'spread']


class Clock:
    """Marks points in time and tells the milliseconds between them.

    On a GPU a mark is an event in its stream. On a CPU it is the process's
    own CPU time, which other processes on the machine do not add to; with
    one thread that is the time an idle machine would take.

    Args:
        device (torch.device): Where the work runs.
    """

    def __init__(self, device: torch.device) -> None:
        self.cuda = device.type == 'cuda'

    @property
    def name(self) -> str:
        """What is measured."""
        return 'device events' if self.cuda else 'CPU time of one thread'

    def mark(self) -> Any:
        """Mark this point in time."""
        if not self.cuda:
            return time.process_time()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def finish(self) -> None:
        """Wait until all marks are reached."""
        if self.cuda:
            torch.cuda.synchronize()

    def between(self, start: Any, end: Any) -> float:
        """Milliseconds from one mark to another, both reached."""
        if self.cuda:
            return start.elapsed_time(end)
        return 1e3 * (end - start)


def spread(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """Median, lower and upper quartile."""
    return tuple(map(float, np.percentile(values, [50, 25, 75])))


def peak_bytes(run: Callable[[], Any], device: torch.device) -> int:
    """Most memory that torch holds at a time beyond what it held before."""
    if device.type == 'cuda':
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        return torch.cuda.max_memory_allocated() - before
    with (
        _silent(),
        profile(
            activities=[ProfilerActivity.CPU], profile_memory=True
        ) as profiler,
    ):
        run()
    # One event for each block, negative where it is given back.
    events = profiler.profiler.kineto_results.events()
    blocks = [e.nbytes() for e in events if e.name() == '[memory]']
    return max(0, int(np.cumsum([0, *blocks]).max()))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep from the screen what the profiler says on starting."""
    screen = os.dup(2)
    with open(os.devnull, 'w') as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)
