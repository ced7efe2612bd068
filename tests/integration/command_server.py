"""Run scripts as processes of their own, with the slow imports done once.

Each line of standard input is an order. The process of the order is forked
from one that has imported the package, so that it starts in no time and can
still be killed alone.
"""

import gc
import json
import os
import runpy
import sys
import traceback

import mmengine.config.config
import torch._dynamo  # noqa: F401  (otherwise imported by each optimizer)

import shapmix_mm  # noqa: F401

# Laying the config text out for readers takes half of a tiny run's time.
mmengine.config.config.FormatCode = lambda text, **kwargs: (text, True)


def run(order):
    log = os.open(order['log'], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(log, number)
    os.environ.update(order['env'])
    sys.path[:0] = order['path']
    sys.argv = order['argv']
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


def main():
    # Neither walked through nor copied by the processes that are forked.
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = run(json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == '__main__':
    main()
