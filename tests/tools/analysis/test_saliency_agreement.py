"""Agreement of tables whose rank correlations are known by construction."""

import math
import re
from pathlib import Path

import pytest
import torch

from shapmix_mm.models import ShapMixBlending

TOOL = (
    Path(__file__).resolve().parents[3]
    / 'tools/analysis/saliency_agreement.py'
)
CONFIG = """
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='ActionDataPreprocessor', blending=dict(
        type={kind!r}, num_classes={classes}, layout='nturgb+d', **{given})))
train_cfg = dict(max_epochs=1)
"""


def add_run(folder, density, kind='ShapMixBlending', spoil=(), **given):
    """Write config and checkpoint of a training with this table per joint."""
    folder.mkdir()
    density = torch.tensor(density, dtype=torch.float32)
    text = CONFIG.format(kind=kind, classes=len(density), given=given)
    (folder / 'leaf.py').write_text(text)
    blend = ShapMixBlending(num_classes=len(density), layout='nturgb+d')
    blend.saliency.values.copy_(density * blend.joint_counts)
    blend.saliency.updates.fill_(5.0)
    blend.class_counts = torch.tensor([7.0, 30.0, 2.0][: len(density)])
    state = {
        f'data_preprocessor.blending.{key}': value
        for key, value in blend.state_dict().items()
        if not key.startswith(tuple(spoil) or '-')
    }
    torch.save(dict(state_dict=state, meta={}), folder / 'epoch_1.pth')
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
    return folder


UP = [float(i) for i in range(20)]
# A rank moved by one place in ten pairs: 1 - 6 * 20 / (20 * 399).
SWAPPED = [float(i ^ 1) for i in range(20)]


def test_rank_correlations_within_a_class(tmp_path, run):
    runs = [
        add_run(tmp_path / 'a', [UP, UP, UP]),
        add_run(tmp_path / 'b', [UP, UP[::-1], SWAPPED]),
        add_run(tmp_path / 'c', [UP, UP, [0.5] * 20]),
    ]
    out = run(*runs[:2])
    # The most frequent class first.
    assert [line.split()[1] for line in out.splitlines()[2:5]] == list('102')
    assert '| 0 | 7 | 1.00 |' in out and '| 1 | 30 | -1.00 |' in out
    assert f'| 2 | 2 | {1 - 6 * 20 / (20 * 399):.2f} |' in out
    assert '2 trainings, mean and range over 1 pairs: agreement 0.33' in out
    # Over three pairs: 1, -1 and -1 for class 1; equal values have no order.
    out = run(*runs)
    assert f'| 1 | 30 | {-1 / 3:.2f} |' in out and '| 2 | 2 | nan |' in out


def test_what_all_classes_share_can_be_left_out(tmp_path, run):
    bump = [0.1 * (i % 7) for i in range(20)]
    up = [[u + b for u, b in zip(UP, bump)], UP]
    down = [[u - b for u, b in zip(UP, bump)], UP]
    out = run(add_run(tmp_path / 'a', up), add_run(tmp_path / 'b', down))
    whole, apart = re.findall(r'(?:agreement|over classes) (-?\d\.\d+)', out)[
        -2:
    ]
    # In both trainings the classes rank alike; what tells them is opposite.
    assert float(whole) > 0.95 and float(apart) == -1


def test_a_flat_draw_is_said(tmp_path, run):
    one = [0.0] * 19 + [1.0]
    out = run(*(add_run(tmp_path / n, [[1.0] * 20, one]) for n in 'ab'))
    # By Eq. 3 with tau 0.2 the one combination is exp(5) times as likely.
    chances = [1 / (math.exp(5) + 19)] * 19 + [1 / (1 + 19 / math.exp(5))]
    entropy = -sum(p * math.log(p) for p in chances)
    assert re.search(r'\| 0 \| 7 \|.*\| 20\.0 \|', out)
    assert f'| {math.exp(entropy):.1f} |' in out


def test_a_given_table_does_not_hide_what_was_learnt(tmp_path, run):
    given = dict(table=[['trunk'], ['left_arm', 'right_arm']])
    rows = dict(a=[UP, UP], b=[UP[::-1], SWAPPED])
    out = run(*(add_run(tmp_path / n, r, **given) for n, r in rows.items()))
    assert '| 0 | 7 | -1.00 |' in out
    # Ten combinations have the telling part and 0.1 each of the l1 norm.
    chances = [1 / (10 + 10 * math.exp(-0.5))] * 10
    chances += [1 / (10 + 10 * math.exp(0.5))] * 10
    entropy = -sum(p * math.log(p) for p in chances)
    assert re.search(rf'\| 0 \|.*\| {math.exp(entropy):.1f} \|', out)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(table='none.npz'), 'table none.npz of ShapMixBlending: no file'),
        (dict(kind='STMixBlending'), 'b is no training with ShapMixBlending'),
        (dict(spoil=['saliency.']), 'epoch_1.pth: .*saliency.values'),
        (dict(density=[UP] * 3), r'different shapes.*\(2, 20\), \(3, 20\)'),
    ],
)
def test_errors_are_one_line(tmp_path, run, change, message):
    first = add_run(tmp_path / 'a', [UP, UP])
    second = add_run(tmp_path / 'b', **{'density': [UP, UP], **change})
    with pytest.raises(SystemExit) as stop:
        run(first, second)
    assert re.search(message, str(stop.value))
    assert '\n' not in str(stop.value)


def test_one_training_is_refused(tmp_path, run, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path)
    assert 'give two or more' in capsys.readouterr().err
