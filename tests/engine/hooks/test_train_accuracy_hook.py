"""Accuracy of each step's originals, handed over once per log."""

from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import LoggerHook
from mmengine.logging import MessageHub
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from shapmix_mm.engine import TrainAccuracyHook


class Waits(TorchDispatchMode):
    """Counts numbers that Python asks a tensor for; a GPU is waited for."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


class Head(nn.Module):
    def forward(self, logits):
        return logits


@pytest.fixture
def runner():
    blend = SimpleNamespace(keep_originals=True)
    model = nn.Module()
    model.data_preprocessor = SimpleNamespace(blending=blend)
    model.cls_head = Head()
    return SimpleNamespace(
        model=model,
        hooks=[LoggerHook(interval=3)],
        train_dataloader=range(7),
        message_hub=MessageHub.get_instance('train_accuracy'),
    )


def test_every_step_counts_and_none_is_waited_for_alone(runner):
    torch.manual_seed(0)
    hook, head = TrainAccuracyHook(), runner.model.cls_head.train()
    hook.before_train(runner)
    wanted, seen = [], {}
    with Waits() as waits:
        for index in range(7):
            logits, labels = torch.randn(8, 3), torch.randint(3, (4,))
            head(logits)
            batch = [SimpleNamespace(gt_label=k[None]) for k in labels]
            hook.after_train_iter(runner, index, dict(data_samples=batch))
            wanted.append((logits[:4].argmax(1), labels))
            history = runner.message_hub.log_scalars.get('train/top1_acc')
            seen[index] = 0 if history is None else len(history.data[0])
    assert waits.count == 0
    # After the third and sixth step, and at the end of the epoch.
    assert seen == {0: 0, 1: 0, 2: 3, 3: 3, 4: 3, 5: 6, 6: 7}
    values = [(own == true).float().mean().item() for own, true in wanted]
    assert history.data[0].tolist() == pytest.approx(values)


def test_a_checkpoint_holds_all_steps(runner):
    hook, head = TrainAccuracyHook(), runner.model.cls_head.train()
    hook.before_train(runner)
    head(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    batch = [SimpleNamespace(gt_label=torch.tensor([0]))]
    before = runner.message_hub.log_scalars.get('train/top1_acc')
    count = 0 if before is None else len(before.data[0])
    hook.after_train_iter(runner, 0, dict(data_samples=batch))
    # MMEngine has copied the message hub by then.
    checkpoint = dict(message_hub=deepcopy(runner.message_hub.state_dict()))
    hook.before_save_checkpoint(runner, checkpoint)
    resumed = MessageHub.get_instance('resumed')
    resumed.load_state_dict(checkpoint['message_hub'])
    for hub in (runner.message_hub, resumed):
        history = hub.log_scalars['train/top1_acc']
        assert history.data[0].tolist()[count:] == [1.0]


def test_samples_of_several_classes_have_no_accuracy(runner):
    hook, head = TrainAccuracyHook(), runner.model.cls_head.train()
    hook.before_train(runner)
    before = deepcopy(runner.message_hub.log_scalars)
    head(torch.randn(8, 3))
    several = [SimpleNamespace(gt_label=torch.tensor([1.0, 0, 1]))] * 4
    hook.after_train_iter(runner, 6, dict(data_samples=several))
    assert runner.message_hub.log_scalars.keys() == before.keys()
    assert not hook._pending
