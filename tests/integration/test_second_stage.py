"""Second stages by the command line, and on two processes."""

import pytest
import torch

FIRST = """
train_cfg['max_epochs'] = 1
"""
# The order of the samples does not depend on the number of processes.
SECOND = """
train_cfg['max_epochs'] = 2
train_dataloader['sampler'] = dict(type='ClassBalancedSampler', seed=5)
train_dataloader['batch_size'] = BATCH
optim_wrapper['optimizer'].update(lr=2.0)
model['type'] = 'FrozenRecognizerGCN'
custom_imports = dict(imports=['shapmix_mm'])
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook'),
    dict(type='MaxNormHook', radius=0.2),
]
"""
# Two of four classes are rare. No cell is telling, so that maps composed of
# each rank's own draws are alike.
FSA = """
train_cfg['max_epochs'] = 2
train_dataloader.update(
    batch_size=BATCH,
    drop_last=True,
    sampler=dict(type='CompositionSampler', head_share=0.6, seed=5),
)
optim_wrapper['optimizer'].update(lr=2.0)
model['type'] = 'FrozenRecognizerGCN'
model['cls_head'].update(
    type='FeatureCompositionHead', specific=1.0, generic=0.0
)
custom_imports = dict(imports=['shapmix_mm'])
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook'),
    dict(type='ConfusionHook'),
]
"""


def load(folder, epoch):
    path = folder / f'epoch_{epoch}.pth'
    return torch.load(path, weights_only=False)['state_dict']


@pytest.mark.slow
@pytest.mark.parametrize('second, batch', [(SECOND, 5), (FSA, 8)])
def test_two_ranks_retrain_as_one(
    second, batch, tmp_path, write_stick, write_config, tool, two_ranks
):
    """Frozen parameters are none that a rank waits for.

    Batches on two ranks are those of twice the size on one.
    """
    data = write_stick(counts=(8, 6, 4, 2))
    cfg = write_config(data, FIRST, name='first.py', shapmix=False)
    tool('train', cfg, '--work-dir', tmp_path / 'first')
    start = f'load_from={tmp_path / "first" / "epoch_1.pth"}'
    for ranks in (1, 2):
        cfg = write_config(
            data,
            second.replace('BATCH', str(2 * batch // ranks)),
            name=f'second{ranks}.py',
            shapmix=False,
        )
        args = ('train', cfg, '--work-dir', tmp_path / str(ranks))
        args += ('--cfg-options', start)
        (tool if ranks == 1 else two_ranks)(*args)
    first, one, two = (
        load(tmp_path / name, epoch)
        for name, epoch in (('first', 1), ('1', 2), ('2', 2))
    )
    for name, value in first.items():
        if name.startswith('backbone.'):
            assert torch.equal(value, one[name]), name
            assert torch.equal(value, two[name]), name
    weight = 'cls_head.fc.weight'
    assert not torch.allclose(first[weight], one[weight], atol=1e-3)
    torch.testing.assert_close(two[weight], one[weight])
    if second is FSA:
        confusion = one['cls_head.confusion']
        torch.testing.assert_close(two['cls_head.confusion'], confusion)
        assert confusion.std(0).min() > 0
        return
    for state in (one, two):
        norms = state[weight].norm(dim=1)
        assert norms.max() <= 0.2 * (1 + 1e-6)
        # The bound is met, so that it has been at work.
        assert norms.max() > 0.19


def test_without_a_first_stage_the_tool_says_what_is_missing(
    tmp_path, write_stick, write_config, tool
):
    cfg = write_config(
        write_stick(), SECOND.replace('BATCH', '7'), shapmix=False
    )
    result = tool('train', cfg, '--work-dir', tmp_path / 'run', ok=False)
    assert result.rc != 0
    last = result.out.strip().splitlines()[-1]
    assert 'a second stage starts from a trained model' in last
    assert '--cfg-options load_from=CHECKPOINT' in last
