"""Two ranks in bfloat16 with accumulated gradients, trained and tested."""

from pathlib import Path

import pytest
import torch

PLUGINS = Path(__file__).resolve().parents[1] / 'plugins'
TOOLS = Path(__file__).resolve().parents[3] / 'tools'
EXTRA = """
custom_imports = dict(imports=['shapmix_mm', 'dumper'])
custom_hooks += [dict(type='BeforeSync'), dict(type='AfterSync')]
train_dataloader['batch_size'] = 4
optim_wrapper['accumulative_counts'] = 2
"""


@pytest.fixture
def two_ranks(tool, tmp_path):
    """Function that runs ``tools/NAME.py`` on two ranks."""

    def run(name, *args):
        tool(
            '../tests/integration/plugins/fork_ranks',
            TOOLS / f'{name}.py',
            *args,
            path=[PLUGINS],
            env=dict(DUMPS=str(tmp_path)),
        )
        for rank in (0, 1):
            # One that exits first may abort another that still listens.
            assert (tmp_path / f'{name}{rank}').read_text() == 'left'

    return run


def test_ranks_agree_and_leave_together(
    tmp_path, write_stick, write_config, two_ranks, validations, tested
):
    cfg = write_config(write_stick(), EXTRA)
    work_dir = tmp_path / 'run'
    two_ranks('train', cfg, '--amp', '--work-dir', work_dir)
    for epoch in (1, 2):
        states = [
            torch.load(tmp_path / f'{when}_epoch{epoch}_rank{rank}.pt')
            for when in ('before', 'after')
            for rank in (0, 1)
        ]
        for name, value in states[0].items():
            for other in states[1:]:
                assert torch.equal(value, other[name]), (epoch, name)
    # 21 samples on two ranks in batches of 4: three batches a pass.
    assert states[0]['saliency.steps'] == 6 and states[0]['guided'] == 1
    assert states[0]['saliency.values'].abs().max() > 0
    checkpoint = work_dir / 'epoch_2.pth'
    two_ranks('test', cfg, checkpoint, '--work-dir', tmp_path / 'test')
    assert tested(tmp_path / 'test') == validations(work_dir)[-1]
