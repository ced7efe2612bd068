"""Run scripts as processes of their own, with the slow imports done once.

Each line of standard input is an order. The process of the order is forked
from one that has imported the package, so that it starts in no time and can
still be killed alone. So are the scripts that it starts, if the order says
``forks``.
"""

import gc
import json
import os
import runpy
import subprocess
import sys
import time
import traceback

import mmengine.config.config
import torch._dynamo  # noqa: F401  (otherwise imported by each optimizer)

import shapmix_mm  # noqa: F401

POPEN = subprocess.Popen
# Laying the config text out for readers takes half of a tiny run's time.
mmengine.config.config.FormatCode = lambda text, **kwargs: (text, True)


def run(order):
    log = os.open(order['log'], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(log, number)
    os.environ.update(order['env'])
    sys.path[:0] = order['path']
    sys.argv = order['argv']
    subprocess.Popen = Forked if order.get('forks') else POPEN
    try:
        runpy.run_path(sys.argv[0], run_name='__main__')
    except SystemExit as stop:
        if isinstance(stop.code, str):
            # As Python does.
            print(stop.code, file=sys.stderr)
            return 1
        return stop.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def fork(order, before=lambda: None):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        before()
        code = run(order)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return pid


class Forked:
    """As much of ``Popen`` as a queue of trainings asks for."""

    returncode = None

    def __init__(self, command, *, stdout, env, pass_fds, **kwargs):
        def alone():
            os.setsid()
            for name in os.listdir('/proc/self/fd'):
                if int(name) > 2 and int(name) not in pass_fds:
                    try:
                        os.close(int(name))
                    except OSError:
                        pass  # that of the listing itself

        order = dict(argv=command[1:], log=stdout.name, env=env, path=[])
        self.pid = fork(order, alone)

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        end = time.monotonic() + (60 if timeout is None else timeout)
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired('training', timeout)
            time.sleep(0.02)


def main():
    # Neither walked through nor copied by the processes that are forked.
    gc.freeze()
    for line in sys.stdin:
        pid = fork(json.loads(line))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == '__main__':
    main()
