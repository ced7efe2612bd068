"""A killed run goes on from its last whole checkpoint, with equal state."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch

BLEND = 'data_preprocessor.blending.'
STATE = [
    f'{BLEND}{name}'
    for name in (
        'class_counts',
        'mean_pose',
        'guided',
        'saliency.values',
        'saliency.updates',
        'saliency.evidence',
        'saliency.steps',
    )
] + ['cls_head.loss_cls.class_counts']

# The module ``witness``, loaded through custom_imports.
PLUGINS = [Path(__file__).with_name('plugins')]
EXTRA = """
custom_imports = dict(imports=['shapmix_mm', 'witness'])
custom_hooks += [dict(type='Witness')]
custom_hooks[1]['warmup_epochs'] = 2
train_cfg['max_epochs'] = 5
val_evaluator += [dict(type='Rising')]
default_hooks['checkpoint'].update(save_best='rising/score', rule='greater')
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory, stick_maker):
    """A config and its data."""
    path = tmp_path_factory.mktemp('resume')
    stick_maker.config(path, stick_maker.annotations(path), EXTRA)
    return path


@pytest.fixture
def resume(folder, start, tmp_path):
    """Function that starts or resumes a run and waits until it trains."""
    rounds = iter(range(100))

    def go(work_dir, *args, slow=0.0):
        number = next(rounds)
        witness = tmp_path / f'witness{number}.pt'
        marks = tmp_path / f'marks{number}'
        process = start(
            'train',
            folder / 'cfg.py',
            '--work-dir',
            work_dir,
            *args,
            path=PLUGINS,
            env=dict(WITNESS=str(witness), MARKS=str(marks), SLOW=str(slow)),
        )
        until(witness.exists, process)
        return process, torch.load(witness, weights_only=False), marks

    return go


def until(condition, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            process.kill()
            pytest.fail(process.wait().out[-4000:])
        time.sleep(0.01)


def check_goes_on_from(seen, path):
    """The run stands where this checkpoint was written, to the byte."""
    saved = torch.load(path, weights_only=False)
    assert seen['loaded'] == str(path)
    assert seen['epoch'] == saved['meta']['epoch']
    assert seen['iter'] == saved['meta']['iter']
    assert set(STATE) <= set(saved['state_dict'])
    for name, value in saved['state_dict'].items():
        mine = seen['state'][name]
        assert mine.dtype == value.dtype and mine.shape == value.shape
        assert mine.numpy().tobytes() == value.numpy().tobytes(), name
    assert (
        seen['optimizer']['param_groups']
        == (saved['optimizer']['param_groups'])
    )
    moments = saved['optimizer']['state']
    assert len(moments) == len(seen['optimizer']['state']) > 0
    for key, state in moments.items():
        assert torch.equal(
            state['momentum_buffer'],
            seen['optimizer']['state'][key]['momentum_buffer'],
        )


def readable(path):
    """Independent of the package: torch reads it and it is complete."""
    try:
        return 'state_dict' in torch.load(path, weights_only=False)
    except Exception:
        return False


def epochs_in(work_dir):
    return sorted(work_dir.glob('epoch_*.pth'), key=lambda p: int(p.stem[6:]))


@pytest.mark.slow
@pytest.mark.parametrize('seed', [0])
def test_kills_at_any_moment_lose_at_most_the_epoch_under_way(
    resume, tmp_path, seed
):
    """Per epoch five writes: checkpoint, pointer, best, and both again.

    Each kill falls into another of them, or soon after it.
    """
    rng = np.random.default_rng(seed)
    work_dir = tmp_path / 'run'
    saved, hit = [], set()
    for nth in rng.permutation([1, 2, 3, 4, 5]):
        process, seen, marks = resume(work_dir, '--resume', slow=0.15)
        if saved:
            check_goes_on_from(seen, saved[-1])
        else:
            assert seen['epoch'] == 0 and seen['loaded'] is None

        def begun(marks=marks, nth=nth):
            return marks.exists() and marks.read_text().count('\n') >= nth

        until(begun, process)
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        assert process.wait().rc == -9
        hit.add(marks.read_text().split()[-1].split('.')[0])
        # All that was whole before is there and whole, and so is all else.
        now = epochs_in(work_dir)
        assert set(saved) <= set(now)
        # What was under way has a name of its own, which the next write drops.
        files = [p for p in work_dir.glob('*.pth') if p.name[0] != '.']
        assert all(readable(path) for path in files)
        saved = now
    assert len(hit) > 2
    process, seen, _ = resume(work_dir, '--resume')
    check_goes_on_from(seen, saved[-1])
    assert process.wait().rc == 0
    assert [p.name for p in epochs_in(work_dir)] == [
        f'epoch_{i}.pth' for i in range(1, 6)
    ]
    last = torch.load(work_dir / 'epoch_5.pth', weights_only=False)
    assert last['meta']['epoch'] == 5 and last['meta']['iter'] == 15
    assert last['state_dict'][f'{BLEND}guided'] == 1
    assert last['state_dict'][f'{BLEND}saliency.updates'].sum() > 30


@pytest.fixture(scope='module')
def three_epochs(folder, tool):
    """Work directory of a run that was stopped after three epochs."""
    tool(
        'train',
        folder / 'cfg.py',
        '--work-dir',
        folder / 'three',
        '--cfg-options',
        'train_cfg.max_epochs=3',
        path=PLUGINS,
        env=dict(WITNESS=str(folder / 'witness.pt')),
    )
    return folder / 'three'


def cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


DAMAGES = dict(
    none=(lambda d: None, 3),
    truncated_checkpoint=(lambda d: cut(d / 'epoch_3.pth'), 2),
    empty_checkpoint=(lambda d: (d / 'epoch_3.pth').write_bytes(b''), 2),
    two_truncated=(lambda d: [cut(d / f'epoch_{i}.pth') for i in (2, 3)], 1),
    empty_pointer=(lambda d: (d / 'last_checkpoint').write_text(''), 3),
    truncated_pointer=(
        lambda d: (d / 'last_checkpoint').write_text(str(d / 'epoc')),
        3,
    ),
    no_pointer=(lambda d: (d / 'last_checkpoint').unlink(), 3),
    half_written_next=(
        lambda d: (d / 'epoch_4.pth').write_bytes(
            (d / 'epoch_3.pth').read_bytes()[:5000]
        ),
        3,
    ),
    all_broken=(
        lambda d: [cut(d / f'epoch_{i}.pth') for i in (1, 2, 3)],
        None,
    ),
)


@pytest.mark.parametrize('damage', list(DAMAGES))
def test_only_whole_checkpoints_are_resumed(
    damage, three_epochs, resume, tmp_path
):
    work_dir = tmp_path / 'three'
    shutil.copytree(three_epochs, work_dir)
    (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_3.pth'))
    harm, expected = DAMAGES[damage]
    harm(work_dir)
    before = {p: p.read_bytes() for p in epochs_in(work_dir) if readable(p)}
    process, seen, _ = resume(work_dir, '--resume', slow=60)
    # Killed while it writes its first checkpoint, or before.
    process.kill()
    process.wait()
    if expected is None:
        assert seen['epoch'] == 0 and seen['loaded'] is None
    else:
        check_goes_on_from(seen, work_dir / f'epoch_{expected}.pth')
    for path, content in before.items():
        assert path.read_bytes() == content


def test_a_named_checkpoint_is_resumed_although_later_ones_exist(
    three_epochs, resume, tmp_path
):
    path = three_epochs / 'epoch_1.pth'
    process, seen, _ = resume(tmp_path / 'other', '--resume', path)
    check_goes_on_from(seen, path)
    assert process.wait().rc == 0
    assert [p.name for p in epochs_in(tmp_path / 'other')] == [
        f'epoch_{i}.pth' for i in range(2, 6)
    ]


def test_a_named_checkpoint_that_is_cut_short_is_an_error(
    folder, three_epochs, tool, tmp_path
):
    broken = tmp_path / 'broken.pth'
    broken.write_bytes((three_epochs / 'epoch_3.pth').read_bytes()[:-1000])
    result = tool(
        'train',
        folder / 'cfg.py',
        '--work-dir',
        tmp_path / 'run',
        '--resume',
        broken,
        ok=False,
        path=PLUGINS,
        env=dict(WITNESS=str(tmp_path / 'witness.pt')),
    )
    assert result.rc == 1
    assert f'error: checkpoint {broken} is cut short' in result.out
    assert not (tmp_path / 'witness.pt').exists()
