"""A training as a process: alone in its folder, and no orphan."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from mmengine import dist

from .hooks.resumable_hook import resume_command

__all__ = ['training_session']

_LOCK = '.training.lock'
# Where a launcher says which of its processes this is.
_RANKS = dict(pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')
# Seconds between two looks at the launcher, and until all has to end.
_LOOK, _GRACE = 2.0, 30.0


@contextmanager
def training_session(
    work_dir: str | os.PathLike[str], launcher: str = 'none'
) -> Iterator[None]:
    """Train in here.

    The work directory is locked against a second training. Ranks whose
    launcher was killed receive SIGTERM, and end for good half a minute later.
    Ctrl-C ends in one line, and whatever ends the ranks of a training early
    ends them without waiting for each other.

    Args:
        work_dir (str | os.PathLike): Work directory of the training.
        launcher (str): What has started this process, as ``--launcher`` says.
            Defaults to 'none'.

    Raises:
        SystemExit: If another training is at work in the directory; if this
            one is interrupted.
    """
    first = int(os.environ.get(_RANKS.get(launcher, ''), 0)) == 0
    lock = _lock(Path(work_dir)) if first else None
    if launcher != 'none':
        _end_with_launcher()
    code: int | str | None = None
    try:
        yield
    except KeyboardInterrupt:
        print(f'interrupted; go on with: {resume_command()}', flush=True)
        code = 128 + signal.SIGINT
    except SystemExit as stop:
        code = stop.code
    finally:
        if lock is not None:
            os.ftruncate(lock, 0)
            os.close(lock)
    if code is not None:
        if dist.is_distributed():
            # Threads of gloo may abort a process that ends in order.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code if isinstance(code, int) else 1)
        raise SystemExit(code)


def _lock(folder: Path) -> int | None:
    """Open and lock a folder's file; its text says who holds it.

    Unlike a lock of flock, one of lockf is not passed on to loader processes,
    which may outlive a training that is killed by a few seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    owner = os.pread(descriptor, 500, 0).decode(errors='replace').strip()
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            print(f'{folder}: a file system without locks ({error.strerror})')
            return None
        raise SystemExit(
            f'error: {folder} is in use by the training of {owner}; give '
            'another --work-dir, or wait until it ends'
        ) from error
    if owner:
        print(f'{folder}: taken over from {owner}, which did not end in order')
    text = (
        f'pid {os.getpid()} on host {socket.gethostname()}, started '
        f'{time.strftime("%Y-%m-%d %H:%M:%S %z")}\n'
    )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
    return descriptor


def _end_with_launcher() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        print(f'the launcher, pid {parent}, is gone', flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
