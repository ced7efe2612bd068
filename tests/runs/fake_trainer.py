"""Writes what a training would write, in no time, and tells on a rival."""

import argparse
import fcntl
import json
import os
import random
import sys
import time
import zipfile
from pathlib import Path

GROUPS = ('overall', 'mean_class', 'many', 'medium', 'few')


def accuracy(name, epoch, metric):
    """The same number for the same run, epoch and metric."""
    return random.Random(f'{name} {epoch} {metric}').uniform(0.2, 0.9)


def tell(folder, what):
    """One line, written in one piece."""
    log = os.open(
        folder.parents[2] / 'events', os.O_WRONLY | os.O_CREAT | os.O_APPEND
    )
    os.write(log, f'{what} {os.getpid()} {folder.name_of_run}\n'.encode())
    os.close(log)


class Folder(type(Path())):
    @property
    def name_of_run(self):
        return '/'.join(self.parts[-3:])


def save(path):
    """In two pieces, so that a kill can leave half a checkpoint."""
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('archive/data.pkl', b'x' * 1000)
        time.sleep(0.005)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('--seed', type=int)
    parser.add_argument('--work-dir', type=Folder)
    parser.add_argument('--with', nargs='+')
    parser.add_argument('--cfg-options', nargs='+')
    parser.add_argument('--resume')
    args = parser.parse_args()
    folder = args.work_dir
    rival = open(folder / '.fake', 'w')
    try:
        fcntl.flock(rival, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(folder, 'TWICE')
    tell(folder, 'begin')
    task = json.loads((folder / 'task.json').read_text())
    fails = os.environ.get('FAKE_FAILS', '').split()
    if folder.parent.name in fails:
        print('line one\nthe reason of the failure')
        sys.exit(3)
    part = len(list(folder.glob('*/vis_data')))
    log = folder / f'{part:06}' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    end = task['config']['train_cfg']['max_epochs']
    begin = int(Path(args.resume).stem.split('_')[1]) if args.resume else 0
    metrics = GROUPS if folder.parts[-3] != 'flat' else GROUPS[:-1]

    def validate(epoch):
        values = {
            f'acc/{m}': accuracy(folder.name_of_run, epoch, m) for m in metrics
        }
        error = accuracy(folder.name_of_run, epoch, 'ece')
        write(log, {**values, 'acc/ece': error, 'step': epoch})

    if begin:
        # A validation that the killed training still owed is made first.
        validate(begin)
    for epoch in range(begin + 1, end + 1):
        entry = dict(
            loss=1.0, time=0.5, epoch=epoch, iter=3 * epoch, step=3 * epoch
        )
        write(log, entry)
        time.sleep(0.005)
        save(folder / f'epoch_{epoch}.pth')
        (folder / 'last_checkpoint').write_text(f'epoch_{epoch}.pth')
        time.sleep(0.02)
        validate(epoch)
    tell(folder, 'done')


def write(log, entry):
    with open(log, 'a') as stream:
        stream.write(json.dumps(entry) + '\n')


if __name__ == '__main__':
    main()
