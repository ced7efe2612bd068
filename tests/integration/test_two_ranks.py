"""Two processes on the CPU hold one state, that of a single process."""

import json
from pathlib import Path

import pytest
import torch

BLEND = (
    'partition',
    'class_counts',
    'mean_pose',
    'guided',
    'part_sizes',
    'saliency.values',
    'saliency.updates',
    'saliency.evidence',
    'saliency.steps',
)

# The module ``dumper``, loaded through custom_imports.
PLUGINS = [Path(__file__).with_name('plugins')]
EXTRA = """
custom_imports = dict(imports=['shapmix_mm', 'dumper'])
custom_hooks += [dict(type='BeforeSync'), dict(type='AfterSync')]
"""

FROZEN = (
    EXTRA
    + """
custom_hooks += [dict(type='FrozenModel')]
optim_wrapper['optimizer'].update(lr=0., momentum=0.)
train_dataloader['sampler']['shuffle'] = False
train_dataloader['batch_size'] = {batch}
next(
    h for h in custom_hooks if h['type'] == 'SaliencyHook'
).update(dict({hook}))
"""
)


def load(folder, when, epoch, rank):
    return torch.load(folder / f'{when}_epoch{epoch}_rank{rank}.pt')


def check_ranks_are_equal(dumps):
    for epoch in (1, 2):
        states = [
            load(dumps, when, epoch, rank)
            for when in ('before', 'after')
            for rank in (0, 1)
        ]
        assert set(states[0]) == set(BLEND)
        for name, value in states[0].items():
            for other in states[1:]:
                assert value.numpy().tobytes() == (
                    other[name].numpy().tobytes()
                ), (epoch, name)
        assert states[0]['saliency.updates'].sum() > 0
        assert states[0]['guided'] == epoch - 1


@pytest.mark.slow
def test_ranks_hold_equal_bits_also_after_buffers_are_synchronised(
    tmp_path, write_stick, write_config, dist_train
):
    """Shuffled data, of which the last batch is short and padded."""
    cfg = write_config(
        write_stick(), EXTRA + "train_dataloader['batch_size'] = 4\n"
    )
    dist_train(
        cfg,
        '--work-dir',
        tmp_path / 'run',
        path=PLUGINS,
        env=dict(DUMPS=str(tmp_path)),
    )
    check_ranks_are_equal(tmp_path)
    state = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)[
        'state_dict'
    ]
    for name, value in load(tmp_path, 'after', 2, 1).items():
        assert torch.equal(value, state[f'data_preprocessor.blending.{name}'])
    assert state['cls_head.loss_cls.class_counts'].tolist() == [8, 6, 4, 3]


@pytest.mark.slow
@pytest.mark.parametrize(
    'hook',
    [
        '',
        "estimator='marginal_per_sample'",
        "estimator='permutation', average='recent', share=0.5, interval=2",
        "estimator='gradcam'",
    ],
)
def test_two_ranks_learn_the_table_of_one_on_the_same_batches(
    tmp_path, write_stick, write_config, two_ranks, tool, validations, hook
):
    """The model is frozen; DefaultSampler deals samples out in turn.

    Rank r takes samples r, r + 2, ..., so that two batches of 5 hold the
    samples of one batch of 10.
    """
    ann_file = write_stick(counts=(8, 6, 4, 2))
    dumps, scores = [], []
    for ranks, batch in ((2, 5), (1, 10)):
        cfg = write_config(
            ann_file,
            FROZEN.format(batch=batch, hook=hook),
            name=f'cfg{ranks}.py',
        )
        dumps.append(tmp_path / f'ranks{ranks}')
        dumps[-1].mkdir()
        work_dir = tmp_path / f'run{ranks}'
        args = ('train', cfg, '--work-dir', work_dir)
        if ranks == 2:
            two_ranks(*args, dumps=dumps[-1])
        else:
            tool(*args, path=PLUGINS, env=dict(DUMPS=str(dumps[-1])))
        scores.append(validations(work_dir))
    check_ranks_are_equal(dumps[0])
    for epoch in (1, 2):
        two, one = (load(folder, 'after', epoch, 0) for folder in dumps)
        assert torch.equal(two['saliency.updates'], one['saliency.updates'])
        for name in BLEND:
            torch.testing.assert_close(two[name], one[name], rtol=0, atol=1e-6)
    table = one['saliency.values']
    assert table.abs().max() > 0.01, 'a table of zeros would agree anyway'
    # The same frozen model on the same 13 clips, an odd number.
    assert len(scores[0]) == 2 and scores[0][0] == scores[1][0]
    assert 'acc/few' in scores[0][0], json.dumps(scores[0])
