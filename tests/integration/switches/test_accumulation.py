"""Gradient accumulation: what it must change, and what it must not."""

import copy

import torch

EVERY = 3


def frozen(cfg):
    """Nothing is learnt, so that every batch is scored by one model."""
    cfg.optim_wrapper.optimizer.update(lr=0.0, momentum=0.0, nesterov=False)
    cfg.train_cfg.max_epochs = 2


def hold(runner):
    """Batch norm would learn without an optimizer."""
    for module in runner.model.modules():
        if hasattr(module, 'running_mean'):
            module.momentum = 0.0
    return runner


def test_a_frozen_model_leaves_the_same_table(prepare, train):
    """Every batch is scored, also one after which no step is taken."""
    runs = []
    for every in (1, EVERY):

        def change(cfg, every=every):
            frozen(cfg)
            cfg.optim_wrapper.accumulative_counts = every

        runs.append(train(hold(prepare(change))))
    plain, accumulated = runs
    assert plain.losses.tolist() == accumulated.losses.tolist()
    for name, value in plain.table.state_dict().items():
        assert torch.equal(value, accumulated.table.state_dict()[name]), name
    assert plain.table.values.abs().max() > 0.005
    assert plain.table.steps == len(plain.losses) == 10


def test_steps_are_those_of_a_loop_by_hand(prepare, train, monkeypatch):
    """The recorded batches, mixed and all, in a loop without mmengine."""

    def change(cfg):
        cfg.optim_wrapper.accumulative_counts = EVERY
        cfg.train_cfg.max_epochs = 2

    runner = prepare(change)
    model, batches, start = runner.model, [], {}
    original = model._run_forward

    def record(data, mode):
        if not start:
            start.update(copy.deepcopy(model.state_dict()))
        batches.append(copy.deepcopy(data))
        return original(data, mode=mode)

    monkeypatch.setattr(model, '_run_forward', record)
    run = train(runner)
    learnt = {k: v.clone() for k, v in model.state_dict().items()}
    monkeypatch.undo()
    model.load_state_dict(start)
    model.train()
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=0.1,
        momentum=0.9,
        weight_decay=4e-4,
        nesterov=True,
    )
    losses = []
    for number, data in enumerate(batches, 1):
        loss = model(**data, mode='loss')['loss_cls']
        # What is left over at the end is one step too.
        left = len(batches) % EVERY
        share = left if number > len(batches) - left else EVERY
        (loss / share).backward()
        losses.append(float(loss.detach()))
        if number % EVERY == 0 or number == len(batches):
            optimizer.step()
            optimizer.zero_grad()
    assert len(batches) == 10
    # The warm-up is one pass over the data, however few steps that makes.
    assert run.guided == [False] * 5 + [True] * 5
    torch.testing.assert_close(
        torch.tensor(losses), run.losses, rtol=0, atol=1e-5
    )
    for name, value in model.named_parameters():
        torch.testing.assert_close(
            value.detach(), learnt[name], rtol=0, atol=1e-5
        )
