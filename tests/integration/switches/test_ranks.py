"""Two ranks in bfloat16 with accumulated gradients, trained and tested."""

import torch

EXTRA = """
custom_imports = dict(imports=['shapmix_mm', 'dumper'])
custom_hooks += [dict(type='BeforeSync'), dict(type='AfterSync')]
train_dataloader['batch_size'] = 4
optim_wrapper['accumulative_counts'] = 2
"""


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
