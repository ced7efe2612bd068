"""Run a tool on two ranks, forked from a process that has all imports done.

Run as ``fork_ranks.py TOOL ARGUMENT...``; what ``torch.distributed.run`` sets
is set here, and rank 0 serves the store itself. Whether a rank has left the
process group when its tool is through, threads and all, is written to the
folder in DUMPS.
"""

import os
import runpy
import signal
import socket
import sys
import traceback
from pathlib import Path

from torch import distributed

RANKS = 2


def workers():
    """Native threads of gloo; Python cannot end safely while they run."""
    names = [
        path.read_text() for path in Path('/proc/self/task').glob('*/comm')
    ]
    return sum(name.startswith('pt_gloo') for name in names)


def run(rank, port, tool, args):
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(RANKS),
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port),
    )
    sys.argv = [tool, *args, '--launcher', 'pytorch']
    runpy.run_path(tool, run_name='__main__')
    state = 'inside' if distributed.is_initialized() else 'left'
    if workers():
        state += f', workers at large: {workers()}'
    Path(os.environ['DUMPS'], f'{Path(tool).stem}{rank}').write_text(state)


def main(tool, *args):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    running = set()
    for rank in range(RANKS):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                run(rank, port, tool, args)
                code = 0
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        running.add(pid)
    while running:
        pid, status = os.wait()
        running.discard(pid)
        if status:
            for other in running:
                os.kill(other, signal.SIGKILL)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
