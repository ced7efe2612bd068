"""The page on adding methods, built and trained as it stands."""

import math
import re
import sys
from pathlib import Path

import mmaction.registry
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import Registry
from mmengine.runner import Runner

from shapmix_mm.config.launch import bare_model
from shapmix_mm.datasets.demo import DemoSettings, make_demo, write_demo
from shapmix_mm.runs.suite import plan_suite, read_suite

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'adding_a_method.md'
BLOCK = re.compile(
    r'^```(?:python|yaml)\n# (mine/\S+)\n(.*?)^```$', re.M | re.S
)
METHODS = ('ce', 'squared', 'effective', 'secondhalf', 'posthoc')


@pytest.fixture(scope='module')
def page_registrations():
    """What the page registers and imports is gone after this module.

    Tests of the same process look through the registries.
    """
    registries = [
        r for r in vars(mmaction.registry).values() if isinstance(r, Registry)
    ]
    before = [dict(r.module_dict) for r in registries]
    imported = set(sys.modules)
    yield
    for registry, known in zip(registries, before):
        for name in set(registry.module_dict) - set(known):
            # The page's own; what a lazy import of mmaction's registers stays.
            if is_of_the_page(registry.module_dict[name]):
                registry.module_dict.pop(name)
    for name in set(sys.modules) - imported:
        if is_of_the_page(sys.modules[name]):
            sys.modules.pop(name)


def is_of_the_page(thing):
    module = sys.modules.get(getattr(thing, '__module__', ''), thing)
    return '/mine/' in (getattr(module, '__file__', None) or '')


@pytest.fixture(scope='module')
def folder(tmp_path_factory, page_registrations):
    """The page's folder beside the configs, and a small demo set."""
    top = tmp_path_factory.mktemp('page')
    (top / 'configs').symlink_to(ROOT / 'configs')
    text = PAGE.read_text()
    files = BLOCK.findall(text)
    # Every block of code is a file of the folder.
    assert len(files) == len(re.findall('^```(?:python|yaml)$', text, re.M))
    for name, content in files:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    settings = DemoSettings(n_max=8, imbalance=4, test_per_class=2)
    write_demo(top / 'demo.pkl', make_demo(settings))
    sys.path.insert(0, str(top / 'mine'))
    yield top
    sys.path.remove(str(top / 'mine'))


@pytest.fixture(scope='module')
def tasks(folder):
    """Runs of the first seed, by their dataset and method."""
    suite = read_suite(folder / 'mine' / 'mine.yaml', ROOT / 'configs')
    assert suite.seeds == [0, 1, 2]
    found = plan_suite(suite, folder / 'runs')
    return {
        (t.plan.dataset.name, t.plan.method.name): t
        for t in found
        if t.seed == 0
    }


class Stop(Hook):
    """Ends a training after two steps."""

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        assert math.isfinite(outputs['loss'].item())
        if batch_idx == 1:
            raise StopIteration


def train(task, folder, *, whole=False):
    cfg = task.plan.cfg.copy()
    ann_file = str(folder / 'demo.pkl')
    cfg.train_dataloader.dataset.dataset.ann_file = ann_file
    cfg.val_dataloader.dataset.ann_file = ann_file
    # Whether the runner validates is not what the page is about.
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.work_dir = str(task.folder)
    cfg.experiment_name = str(task.folder)
    cfg.randomness = dict(seed=task.seed)
    if task.first is not None:
        cfg.load_from = str(task.first.last_checkpoint)
    runner = Runner.from_cfg(cfg)
    if whole:
        runner.train()
        return runner
    runner.register_hook(Stop())
    with pytest.raises(StopIteration):
        runner.train()
    return runner


def test_the_page_names_all_methods(tasks):
    assert set(tasks) == {(d, m) for d in ('demo', 'mine') for m in METHODS}
    stages = {m: tasks['demo', m].plan.stages for m in METHODS}
    assert stages == {**{m: [4] for m in METHODS}, 'posthoc': [4, 0]}
    assert tasks['demo', 'secondhalf'].plan.samples == 2


@pytest.mark.parametrize('method', METHODS[:-1])
def test_a_method_takes_steps(tasks, folder, method):
    runner = train(tasks['demo', method], folder)
    model, cfg = bare_model(runner), runner.cfg
    kinds = [
        type(model.cls_head.loss_cls).__name__,
        type(runner.train_dataloader.sampler).__name__,
        type(getattr(model.data_preprocessor, 'blending', None)).__name__,
    ]
    wanted = dict(
        ce=['CrossEntropyLoss', 'DefaultSampler', 'NoneType'],
        squared=['SquaredLoss', 'DefaultSampler', 'NoneType'],
        effective=['CrossEntropyLoss', 'EffectiveSampler', 'NoneType'],
        secondhalf=[
            'CrossEntropyLoss',
            'DefaultSampler',
            'SecondHalfBlending',
        ],
    )
    assert kinds == wanted[method]
    assert cfg.model.cls_head.num_classes == 16


def test_a_second_stage_changes_the_bias_by_the_log_prior(tasks, folder):
    task = tasks['mine', 'posthoc']
    first = task.first
    first.plan.cfg.train_cfg.max_epochs = 1
    train(first, folder, whole=True)
    layer = bare_model(train(task, folder, whole=True)).cls_head.fc
    saved = torch.load(first.last_checkpoint, weights_only=False)
    before = saved['state_dict']['cls_head.fc.bias']
    # The page's set: 8 * 4 ** (-k / 15) samples, rounded down.
    counts = [math.floor(8 * 4 ** (-k / 15) + 1e-9) for k in range(16)]
    for k, count in enumerate(counts):
        change = (before[k] - layer.bias[k]).item()
        assert change == pytest.approx(math.log(count / sum(counts)), abs=1e-4)
    assert torch.equal(layer.weight, saved['state_dict']['cls_head.fc.weight'])
