"""Methods of several branches: by mixin on any network, resumed, exported."""

import io

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from shapmix_mm.config.launch import bare_model
from shapmix_mm.config.mixins import load_config
from shapmix_mm.config.trained_model import load_trained

#: Mixin, and what the tiny config needs besides.
METHODS = {
    'ride': {},
    'brl': {'model.data_preprocessor.blending.lower': ['part3', 'part4']},
    'bcl': {'model.cls_head.embed_channels': 8},
    'glmc': {'model.cls_head.embed_channels': 8},
    'paco': {
        'model.cls_head.embed_channels': 8,
        'model.cls_head.loss_cls.queue_size': 17,
    },
}
FSA = {
    'train_dataloader.batch_size': 8,
    # Two of four classes are rare.
    'train_dataloader.sampler.head_share': 0.6,
    'train_cfg.max_epochs': 2,
    'train_cfg.val_interval': 1,
}
#: Second stages: the first, and what the tiny config needs besides.
SECOND = {
    'fsa': ('ce', FSA),
    'ride_routing': ('ride', {'train_cfg.max_epochs': 2}),
}
#: What training alone needs: an ONNX file must do without.
TRAINING_ONLY = (
    *('key_', 'projector', 'prototypes', 'predictor'),
    *('fc_plain', 'queue', 'confusion'),
)
NETWORKS = {
    'stgcn': {},
    'stgcnpp': dict(gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn'),
    'ctrgcn': dict(type='CTRGCN', base_channels=16),
}


@pytest.fixture
def tiny(write_stick, write_config, tmp_path, request):
    """Function that merges a mixin into a tiny config."""
    names = iter(range(100))
    data = write_stick()

    def make(method, network='stgcn', name='run', **options):
        path = write_config(data, shapmix=False, name=f'{name}.py')
        cfg = load_config(str(path), [method])
        backbone = dict(base_channels=8, num_stages=3, inflate_stages=[2, 3])
        cfg.model.backbone.update({**backbone, **NETWORKS[network]})
        cfg.model.backbone.graph_cfg.mode = (
            'stgcn_spatial' if network == 'stgcn' else 'spatial'
        )
        cfg.model.cls_head.in_channels = 4 * cfg.model.backbone.base_channels
        cfg.merge_from_dict({**METHODS.get(method, {}), **options})
        cfg.work_dir = str(tmp_path / name)
        cfg.experiment_name = f'{request.node.name}_{next(names)}'
        return cfg

    return make


def weights(folder, epoch):
    path = folder / f'epoch_{epoch}.pth'
    return torch.load(path, weights_only=False)['state_dict']


@pytest.mark.parametrize('network', ['ctrgcn', 'stgcnpp'])
@pytest.mark.parametrize('method', METHODS)
def test_an_epoch_on_other_networks(method, network, tiny):
    cfg = tiny(method, network, **{'train_cfg.max_epochs': 1})
    runner = Runner.from_cfg(cfg)
    before = {k: v.clone() for k, v in bare_model(runner).named_parameters()}
    runner.train()
    for name, value in bare_model(runner).named_parameters():
        assert value.isfinite().all(), name
    # A batch norm takes away what the bias before it adds.
    still = [
        name
        for name, value in bare_model(runner).named_parameters()
        if value.requires_grad
        and value.ndim > 1
        and torch.equal(value, before[name])
    ]
    assert not still, still


class SeedEpoch(Hook):
    """Draws of an epoch that do not depend on the epochs before."""

    def before_train_epoch(self, runner):
        torch.manual_seed(runner.epoch)


@pytest.mark.parametrize('method', METHODS)
def test_a_resumed_run_ends_in_equal_bytes(method, tiny, tmp_path):
    first = str(tmp_path / 'whole' / 'epoch_1.pth')
    for name, settings in (
        ('whole', {}),
        ('half', dict(resume=True, load_from=first)),
    ):
        runner = Runner.from_cfg(tiny(method, name=name, **settings))
        runner.register_hook(SeedEpoch())
        runner.train()
    whole, half = (weights(tmp_path / n, 2) for n in ('whole', 'half'))
    assert whole.keys() == half.keys()
    for name, value in whole.items():
        assert value.numpy().tobytes() == half[name].numpy().tobytes(), name


@pytest.fixture
def ready(tiny, tmp_path):
    """Function that makes the config of a method, its first stage trained."""

    def make(method, **options):
        if method in SECOND:
            stage, needed = SECOND[method]
            first = tiny(stage, name='first', **{'train_cfg.max_epochs': 1})
            Runner.from_cfg(first).train()
            options['load_from'] = str(tmp_path / 'first' / 'epoch_1.pth')
            options = {**needed, **options}
        return tiny(method, **options)

    return make


@pytest.mark.parametrize('method', [*METHODS, *SECOND])
def test_mixed_precision_and_accumulation_train(method, ready):
    options = {
        'optim_wrapper.type': 'BFloat16OptimWrapper',
        'optim_wrapper.accumulative_counts': 2,
        'train_cfg.max_epochs': 1,
    }
    runner = Runner.from_cfg(ready(method, **options))
    runner.train()
    state = bare_model(runner).state_dict()
    assert all(v.isfinite().all() for v in state.values())


@pytest.mark.slow
@pytest.mark.parametrize('method', [*METHODS, *SECOND])
def test_a_trained_model_predicts_without_what_trains_it(
    method, ready, tmp_path
):
    """Exported to ONNX, and loaded by what predicts."""
    onnxruntime = pytest.importorskip('onnxruntime')
    onnx = pytest.importorskip('onnx')
    cfg = ready(method, **{'train_cfg.max_epochs': 1})
    runner = Runner.from_cfg(cfg)
    runner.train()
    model = bare_model(runner).eval()
    loaded = load_trained(cfg, str(tmp_path / 'run' / 'epoch_1.pth')).model
    clips = torch.randn(3, 1, 2, 8, 6, 3)
    with torch.no_grad():
        expected = model(clips, mode='tensor', stage='head')
        assert torch.equal(
            loaded(clips, mode='tensor', stage='head'), expected
        )

    class Scores(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, skeletons):
            return self.model.cls_head(self.model.backbone(skeletons))

    file = io.BytesIO()
    torch.onnx.export(
        Scores(),
        (clips.squeeze(1),),
        file,
        input_names=['x'],
        opset_version=12,
        dynamic_axes={'x': {0: 'N'}},
    )
    names = {
        n.name
        for n in onnx.load_from_string(file.getvalue()).graph.initializer
    }
    assert not [n for n in names if any(word in n for word in TRAINING_ONLY)]
    session = onnxruntime.InferenceSession(file.getvalue())
    (scores,) = session.run(None, {'x': clips.squeeze(1).numpy()})
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize('update_buffers', [False, True])
def test_an_averaged_copy_shares_a_memory_that_steps_renew(
    tiny, update_buffers
):
    """The queue has no size before the first step, and is new after each."""
    cfg = tiny('paco', **{'train_cfg.max_epochs': 1})
    cfg.custom_hooks.append(
        dict(type='EMAHook', update_buffers=update_buffers)
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    copied = next(h.ema_model for h in runner.hooks if hasattr(h, 'ema_model'))
    queue = copied.module.cls_head.loss_cls.queue
    assert queue.shape == (17, 8)
    assert torch.equal(queue, bare_model(runner).cls_head.loss_cls.queue)


def steps_of_a_rank(rank, cfgs, folder):
    """Three steps of every method on one of two processes."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/rendezvous',
        rank=rank,
        world_size=2,
    )
    for method, cfg in cfgs.items():
        torch.manual_seed(0)
        model = MODELS.build(cfg)
        model.init_weights()
        for module in model.modules():
            if getattr(module, 'needs_class_counts', False):
                module.set_class_counts([8, 6, 4, 3])
            if getattr(module, 'needs_progress', False):
                module.set_progress(5, total=10, iters_per_pass=2)
        parallel = torch.nn.parallel.DistributedDataParallel(
            model, broadcast_buffers=False
        )
        optimizer = torch.optim.SGD(
            [p for p in model.parameters() if p.requires_grad], lr=0.01
        )
        views = getattr(model.cls_head, 'num_views', 1)
        torch.manual_seed(1 + rank)
        for _ in range(3):
            batch = dict(
                inputs=list(torch.randn(6, views, 2, 8, 6, 3)),
                data_samples=[
                    ActionDataSample().set_gt_label(int(k))
                    for k in torch.randint(4, (6,))
                ],
            )
            batch = model.data_preprocessor(batch, True)
            losses = parallel(**batch, mode='loss')
            optimizer.zero_grad()
            sum(v for k, v in losses.items() if 'loss' in k).backward()
            optimizer.step()
        torch.save(model.state_dict(), f'{folder}/{method}_{rank}.pt')
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_ranks_hold_one_model_and_one_memory(tiny, tmp_path):
    """Statistics of batch norms are each rank's own, as ever."""
    cfgs = {}
    for method in (*METHODS, 'ride_routing'):
        cfg = tiny(method).model
        with DefaultScope.overwrite_default_scope('mmaction'):
            cfgs[method] = cfg.to_dict()
    torch.multiprocessing.start_processes(
        steps_of_a_rank, (cfgs, str(tmp_path)), nprocs=2, start_method='fork'
    )
    for method in cfgs:
        one, two = (
            torch.load(tmp_path / f'{method}_{rank}.pt') for rank in (0, 1)
        )
        for name, value in one.items():
            if 'running_' not in name:
                assert torch.equal(value, two[name]), f'{method}: {name}'
    queue = torch.load(tmp_path / 'paco_0.pt')
    # 36 keys of both ranks have passed a ring of 17.
    assert queue['cls_head.loss_cls.queue_pointer'].tolist() == [36 % 17]
    assert (queue['cls_head.loss_cls.queue_labels'] >= 0).all()


def test_feature_space_augmentation_is_a_second_stage(ready, tiny, tmp_path):
    """The backbone stays bit by bit; a resumed run ends in equal bytes."""
    again = str(tmp_path / 'whole' / 'epoch_1.pth')
    for name, make, settings in (
        ('whole', ready, {}),
        ('half', tiny, dict(FSA, resume=True, load_from=again)),
    ):
        runner = Runner.from_cfg(make('fsa', name=name, **settings))
        runner.register_hook(SeedEpoch())
        runner.train()
    before = weights(tmp_path / 'first', 1)
    whole, half = (weights(tmp_path / n, 2) for n in ('whole', 'half'))
    for name, value in whole.items():
        assert value.numpy().tobytes() == half[name].numpy().tobytes(), name
        if name.startswith('backbone.'):
            assert torch.equal(value, before[name]), name
    weight = 'cls_head.fc.weight'
    assert not torch.equal(whole[weight], before[weight])
    rows = whole['cls_head.confusion'].sum(1)
    torch.testing.assert_close(rows, torch.ones(4), rtol=0, atol=1e-5)


def test_weight_balancing_follows_glmc(tiny, tmp_path):
    """GLMC-MaxNorm: the classifier of inference is bounded and re-trained."""
    first = tiny('glmc', name='first', **{'train_cfg.max_epochs': 1})
    Runner.from_cfg(first).train()
    options = {
        'load_from': str(tmp_path / 'first' / 'epoch_1.pth'),
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 1,
        'optim_wrapper.optimizer.lr': 1.0,
    }
    runner = Runner.from_cfg(tiny('maxnorm', **options))
    runner.train()
    before, after = (
        weights(tmp_path / 'first', 1),
        weights(tmp_path / 'run', 1),
    )
    for name, value in after.items():
        if name.startswith('backbone.'):
            assert torch.equal(value, before[name]), name
    weight = 'cls_head.fc.weight'
    norms = before[weight].norm(dim=1)
    radius = norms.min() + 0.1 * (norms.max() - norms.min())
    bounded = after[weight].norm(dim=1)
    assert bounded.max() <= radius * (1 + 1e-6)
    assert not torch.allclose(after[weight], before[weight], atol=1e-3)
    assert 'cls_head.fc_plain.weight' in before
    assert 'cls_head.fc_plain.weight' not in after


def test_gates_are_trained_on_experts_that_stay(ready, tmp_path):
    """Bit by bit but for the gates; a first stage without experts is none."""
    cfg = ready('ride_routing')
    runner = Runner.from_cfg(cfg)
    gate = bare_model(runner).cls_head.gate.weight.clone()
    runner.train()
    before, after = (
        weights(tmp_path / 'first', 1),
        weights(tmp_path / 'run', 2),
    )
    fresh = {name for name in after if name not in before}
    assert {name.split('.')[1] for name in fresh} == {'hidden', 'gate'}
    for name, value in before.items():
        if 'loss_cls' not in name:
            assert torch.equal(value, after[name]), name
    assert not torch.equal(after['cls_head.gate.weight'], gate)
