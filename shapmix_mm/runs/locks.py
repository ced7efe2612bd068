"""Locks that end with the processes that hold them."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

__all__ = ['Lock', 'try_lock']


class Lock:
    """A held lock on a file.

    The kernel frees it when the last process that has the descriptor ends,
    however it ends. A training inherits the lock of its run, so that a
    training that outlives a killed harness is not started again beside it.

    Args:
        descriptor (int): Open, locked file.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Let go of it; whoever inherited it still holds it."""
        os.close(self.descriptor)


def try_lock(path: Path) -> Lock | None:
    """Take a lock without waiting.

    Args:
        path (Path): File to lock; made if missing, with its folder.

    Returns:
        Lock | None: The lock, or None if somebody holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    # For people who wonder who it is.
    os.ftruncate(descriptor, 0)
    text = f'{socket.gethostname()} {os.getpid()}\n'
    os.pwrite(descriptor, text.encode(), 0)
    return Lock(descriptor)
