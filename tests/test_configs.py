"""Every leaf config loads, runs a step, and agrees with itself."""

import ast
import functools
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmaction.registry import DATA_SAMPLERS, HOOKS, MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

import shapmix_mm  # noqa: F401
from shapmix_mm.engine.mixins import load_config
from shapmix_mm.skeletons import get_layout

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
LEAVES = sorted(path.stem for path in CONFIGS.glob('*.py'))
MIXINS = sorted(
    path.stem
    for path in (CONFIGS / '_base_').glob('*.py')
    if path.stem != 'default_runtime'
)
BLEND = 'model.data_preprocessor.blending'
RESAMPLED = {
    'train_dataloader.sampler.type': 'ClassBalancedSampler',
    # Both together would correct the imbalance twice.
    'model.cls_head.loss_cls.type': 'CrossEntropyLoss',
}
GRADCAM = {'custom_hooks.SaliencyHook.estimator': 'gradcam'}
# All that an ablation changes in the leaf of its method.
VARIANTS = {
    'mixup': {f'{BLEND}.mixup_prob': 1.0},
    'cutmix': {f'{BLEND}.mixup_prob': 0.0},
    'joint': {f'{BLEND}.spatial': 'joint'},
    'copy': {f'{BLEND}.temporal': 'copy'},
    'rs': RESAMPLED,
    'gradcam': GRADCAM,
    'gradcam_rs': {**RESAMPLED, **GRADCAM},
    'random': {'custom_hooks.SaliencyHook.estimator': 'random'},
    'mixedonly': {
        f'{BLEND}.keep_originals': False,
        # N samples in a step, not 2N.
        'model.cls_head.loss_cls.loss_weight': 1.0,
    },
    'ros': {
        'train_dataloader.sampler.type': 'RandomOverSampler',
        # Steps as of the other rows.
        'train_dataloader.sampler.length': 'dataset',
    },
    'sqrt': {
        'train_dataloader.sampler.type': 'ClassBalancedSampler',
        'train_dataloader.sampler.power': 0.5,
    },
    'progressive': {'train_dataloader.sampler.type': 'ProgressiveSampler'},
}
LOSSES = (
    *('focal', 'cb', 'cbfocal', 'logitadjust'),
    *('drw', 'ldam', 'ldamdrw', 'ib'),
)
BASELINES = (
    *('mixup', 'cutmix', 'remix'),
    *('remixdrw', 'skelemix', 'tacnnmix'),
)
SAMPLINGS = ('rs', 'sqrt', 'ros', 'progressive')
BALANCED = {'ClassBalancedSampler', 'RandomOverSampler', 'ProgressiveSampler'}
# Longest first: one mixin's name may begin another's.
LEAF_NAME = re.compile(
    rf'(ctrgcn|stgcn)_(ce|{"|".join(reversed(MIXINS))})'
    rf'(?:_({"|".join(VARIANTS)}))?_([a-z0-9]+)'
)
ABLATIONS = [
    leaf for leaf in LEAVES if (name := LEAF_NAME.fullmatch(leaf)) and name[3]
]
# The rows of the paper's Tables 6 and 7, and 8.
MIXING = (
    'stmix',
    *(f'stmix_{v}' for v in ('mixup', 'cutmix', 'joint', 'copy')),
)
GUIDANCE = (
    'stmix',
    'stmix_rs',
    *(f'shapmix{v}' for v in ('', '_rs', '_gradcam', '_gradcam_rs')),
)
WANTED = {
    *(f'ctrgcn_{m}_{data}' for data in ('ltnwucla', 'ntu60') for m in MIXING),
    *(
        f'ctrgcn_{m}_{data}'
        for data in ('ltnwucla', 'ltntu60')
        for m in GUIDANCE
    ),
    *(
        f'ctrgcn_{method}_ltnwucla'
        for method in ('ce', 'balsoftmax', 'stmix', 'shapmix')
    ),
    *(f'ctrgcn_{m}_ltnwucla' for m in (*LOSSES, *BASELINES)),
    *(f'ctrgcn_{m}_mixedonly_ltnwucla' for m in BASELINES),
    *(f'ctrgcn_ce_{s}_ltnwucla' for s in SAMPLINGS),
    'ctrgcn_ce_demo',
    'ctrgcn_shapmix_demo',
    'ctrgcn_shapmix_ltntu120',
    'ctrgcn_shapmix_ltntu60',
    'stgcn_shapmix_ltntu120',
    'ctrgcn_stmix_ntu120',
}
# What two leaves on one dataset share, so that only the method differs.
SHARED = (
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
    'val_evaluator',
    'test_evaluator',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'auto_scale_lr',
)


@pytest.fixture(autouse=True)
def scope():
    """Build as a runner does, under the configs' default_scope."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield
    torch.set_num_threads(threads)


every_leaf = pytest.mark.parametrize('leaf', LEAVES)
every_method = pytest.mark.parametrize(
    'leaf', [leaf for leaf in LEAVES if leaf not in ABLATIONS]
)


@functools.cache
def load(leaf):
    """Load a leaf once; whoever changes it makes a copy first."""
    return Config.fromfile(CONFIGS / f'{leaf}.py')


def nodes(value):
    """Yield every dict in a config, outermost first."""
    value = getattr(value, '_cfg_dict', value)
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from nodes(item)


def values(cfg, key):
    return [node[key] for node in nodes(cfg) if key in node]


def types(value):
    return [node.get('type') for node in nodes(value)]


def of_type(value, kind):
    return [node for node in nodes(value) if node.get('type') == kind]


def dataset(cfg, loader):
    """The innermost dataset of a loader and how often it is repeated."""
    node, times = cfg[loader].dataset, 1
    while 'dataset' in node:
        times *= node.get('times', 1)
        node = node.dataset
    return node, times


def bases(path):
    """Files that a config names as its `_base_`."""
    for node in ast.parse(path.read_text()).body:
        if (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], 'id', '') == '_base_'
        ):
            named = ast.literal_eval(node.value)
            named = [named] if isinstance(named, str) else named
            return [(path.parent / name).resolve() for name in named]
    return []


def chain(path):
    """A config and all that it is made of, the nearest first."""
    found = [path]
    for base in bases(path):
        found += chain(base)
    return found


def depth(path):
    return max((1 + depth(base) for base in bases(path)), default=0)


def blending(cfg):
    return cfg.model.get('data_preprocessor', {}).get('blending')


def loss(cfg):
    return cfg.model.cls_head.loss_cls


def hooks(cfg):
    return types(cfg.custom_hooks)


def test_the_configs_of_the_issue_are_there():
    assert set(LEAVES) >= WANTED


@every_leaf
def test_name_and_chain(leaf):
    assert LEAF_NAME.fullmatch(leaf)
    assert depth(CONFIGS / f'{leaf}.py') <= 2
    assert 'shapmix_mm' in load(leaf).custom_imports.imports
    assert load(leaf).default_scope == 'mmaction'


@every_leaf
def test_number_of_classes_agrees(leaf):
    cfg = load(leaf)
    parts = [
        cfg.model.cls_head,
        dataset(cfg, 'train_dataloader')[0],
        dataset(cfg, 'val_dataloader')[0],
        dataset(cfg, 'test_dataloader')[0],
    ]
    if blending(cfg):
        parts.append(blending(cfg))
    assert {part.num_classes for part in parts} == {
        cfg.model.cls_head.num_classes
    }
    assert len(set(values(cfg, 'num_classes'))) == 1


@every_leaf
def test_layout_agrees(leaf):
    cfg = load(leaf)
    layout = cfg.model.backbone.graph_cfg.layout
    owners = [
        dataset(cfg, f'{part}_dataloader')[0]
        for part in ('train', 'val', 'test')
    ]
    owners += of_type(cfg, 'SkeletonFeatures')
    if blending(cfg):
        owners.append(blending(cfg))
    assert [owner.layout for owner in owners] == [layout] * len(owners)
    assert values(cfg, 'layout').count(layout) == len(values(cfg, 'layout'))
    if 'KinectV1Normalize' in types(cfg):
        assert layout == 'nw-ucla'
    if 'PreNormalize3D' in types(cfg):
        assert layout == 'nturgb+d'


@every_leaf
def test_training_and_validation_read_the_same_long_tail(leaf):
    cfg = load(leaf)
    train, times = dataset(cfg, 'train_dataloader')
    assert train.split == train.train_split
    for loader in ('val_dataloader', 'test_dataloader'):
        val, repeats = dataset(cfg, loader)
        for key in (
            'type',
            'ann_file',
            'longtail',
            'train_split',
            'num_classes',
        ):
            assert val.get(key) == train.get(key), key
        assert val.split != train.split
        assert val.test_mode
        assert repeats == 1
    assert times >= 1


@every_leaf
def test_pipelines_agree_on_what_the_model_sees(leaf):
    cfg = load(leaf)
    train = dataset(cfg, 'train_dataloader')[0].pipeline
    for loader in ('val_dataloader', 'test_dataloader'):
        val = dataset(cfg, loader)[0].pipeline
        for kind, key in (
            ('CropResizeFrames', 'clip_len'),
            ('SkeletonFeatures', 'feats'),
            ('FormatGCNInput', 'num_person'),
        ):
            assert (
                values(of_type(val, kind), key)
                == values(of_type(train, kind), key)
                != []
            )
        for kind in ('KinectV1Normalize', 'PreNormalize3D'):
            assert of_type(val, kind) == of_type(train, kind)
        # Nothing random in validation.
        assert not [kind for kind in types(val) if kind.startswith('Random')]
        assert len(of_type(val, 'CropResizeFrames')[0].p_interval) == 1
    assert types(train)[-2:] == ['FormatGCNInput', 'PackActionInputs']


@every_leaf
def test_metric_states_its_thresholds(leaf):
    cfg = load(leaf)
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        (metric,) = of_type(evaluator, 'LongTailMetric')
        assert {'few', 'many'} <= set(metric)
        assert 0 < metric.few < metric.many
        for figure in of_type(cfg.custom_hooks, 'SaliencyFigureHook'):
            assert tuple(figure.thresholds) == (metric.few, metric.many)


@every_leaf
def test_loss_weighs_double_where_originals_stay(leaf):
    cfg = load(leaf)
    keeps = blending(cfg) and blending(cfg).get('keep_originals', True)
    assert loss(cfg).get('loss_weight', 1.0) == (2.0 if keeps else 1.0)


@every_leaf
def test_hooks_go_with_loss_and_blend(leaf):
    cfg = load(leaf)
    kind = (blending(cfg) or {}).get('type')
    counted = ('ShapMixBlending', 'RemixBlending')
    if kind in counted or loss(cfg).type == 'BalancedSoftmaxLoss':
        assert 'ClassCountsHook' in hooks(cfg)
    shapmix = kind == 'ShapMixBlending'
    assert ('SaliencyHook' in hooks(cfg)) == shapmix
    assert shapmix or 'SaliencyFigureHook' not in hooks(cfg)
    assert ('TrainAccuracyHook' in hooks(cfg)) == (kind is not None)
    switching = {'DeferredReweightingLoss', 'InfluenceBalancedLoss'}
    assert ('TrainingProgressHook' in hooks(cfg)) == (
        loss(cfg).type in switching
    )
    assert len(set(hooks(cfg))) == len(hooks(cfg))


@every_leaf
def test_an_older_checkpoint_survives(leaf):
    checkpoint = load(leaf).default_hooks.checkpoint
    assert checkpoint.interval >= 1
    assert checkpoint.max_keep_ckpts >= 2


def stated_epochs(leaf):
    """Effective epochs in the comment of the file that sets train_cfg."""
    for path in chain(CONFIGS / f'{leaf}.py'):
        text = path.read_text()
        if re.search(r'^train_cfg = ', text, re.M):
            comment = ' '.join(re.findall(r'^# ?(.*)', text, re.M))
            found = re.search(
                r'(\d+) effective epochs|effective epochs = '
                r'(?:max_epochs = )?(\d+)',
                comment,
            )
            assert found, f'{path} states no effective epochs'
            return int(found[1] or found[2])
    raise AssertionError(f'{leaf} has no train_cfg')


@every_leaf
def test_effective_epochs_are_as_stated(leaf):
    cfg = load(leaf)
    _, times = dataset(cfg, 'train_dataloader')
    effective = cfg.train_cfg.max_epochs * times
    assert effective == stated_epochs(leaf)
    for hook in of_type(cfg.custom_hooks, 'SaliencyHook'):
        assert hook.get('warmup_epochs', 5) < effective


@every_leaf
def test_schedule_ends_inside_the_training(leaf):
    cfg = load(leaf)
    epochs = cfg.train_cfg.max_epochs
    assert cfg.train_cfg.val_interval <= epochs
    for scheduler in cfg.param_scheduler:
        assert scheduler.by_epoch
        for at in scheduler.get('milestones', []):
            assert 0 < at < epochs
        assert scheduler.get('end', epochs) <= epochs
        assert scheduler.get('T_max', epochs) <= epochs
    assert cfg.auto_scale_lr.base_batch_size == cfg.train_dataloader.batch_size


def plain_twin(leaf, tmp_path):
    """The cross-entropy config that a leaf adds its method to."""
    backbone, _, _, data = LEAF_NAME.fullmatch(leaf).groups()
    twin = CONFIGS / f'{backbone}_ce_{data}.py'
    if not twin.exists():
        cfg = load(leaf)
        listed = [str(path) for path in bases(CONFIGS / f'{leaf}.py')]
        twin = tmp_path / 'plain.py'
        twin.write_text(
            f'_base_ = {listed!r}\n'
            f'model = dict(cls_head=dict('
            f'num_classes={cfg.model.cls_head.num_classes}))\n'
        )
    return str(twin)


@every_method
def test_leaf_is_its_plain_twin_plus_the_mixin(leaf, tmp_path):
    _, method, _, data = LEAF_NAME.fullmatch(leaf).groups()
    mixins = [] if method == 'ce' else [method]
    if method == 'stmix' and not data.startswith('ntu'):
        mixins.append('balsoftmax')
    path = plain_twin(leaf, tmp_path)
    merged, cfg = load_config(path, mixins), load(leaf)
    assert merged.model.to_dict() == cfg.model.to_dict()
    assert set(hooks(merged)) <= set(hooks(cfg))
    assert set(hooks(cfg)) - set(hooks(merged)) <= {'SaliencyFigureHook'}
    plain = Config.fromfile(path)
    for key in SHARED:
        assert cfg[key] == plain[key], key


def flat(value, path=''):
    """Every value of a config by its dotted path, hooks by their type."""
    if isinstance(value, dict):
        return {
            inner: leaf
            for key, item in value.items()
            for inner, leaf in flat(item, f'{path}.{key}'.strip('.')).items()
        }
    if path == 'custom_hooks':
        return flat({hook['type']: hook for hook in value}, path)
    return {path: value}


@pytest.mark.parametrize('leaf', ABLATIONS)
def test_an_ablation_is_its_neighbour_but_for_what_it_is_named_for(leaf):
    backbone, method, variant, data = LEAF_NAME.fullmatch(leaf).groups()
    own = flat(load(leaf).to_dict())
    other = flat(load(f'{backbone}_{method}_{data}').to_dict())
    changes = VARIANTS[variant]
    if 'train_dataloader.sampler.type' in changes:
        # DefaultSampler's own argument goes with it.
        assert other.pop('train_dataloader.sampler.shuffle') is True
    assert other != own == {**other, **changes}


@pytest.mark.parametrize(
    'method, variant',
    [
        *((method, 'mixedonly') for method in BASELINES),
        *(('ce', sampling) for sampling in SAMPLINGS),
    ],
)
def test_a_mixin_makes_the_variant_that_bears_its_name(method, variant):
    plain = CONFIGS / f'ctrgcn_{method}_ltnwucla.py'
    merged = load_config(str(plain), [variant])
    cfg = load(f'ctrgcn_{method}_{variant}_ltnwucla')
    assert merged.model.to_dict() == cfg.model.to_dict()
    for key in SHARED:
        assert merged[key] == cfg[key], key
    assert set(hooks(merged)) == set(hooks(cfg))


@every_leaf
def test_imbalance_is_corrected_at_most_once(leaf):
    cfg = load(leaf)
    balanced = cfg.train_dataloader.sampler.type in BALANCED
    assert not (balanced and loss(cfg).type == 'BalancedSoftmaxLoss')
    for loader in ('val_dataloader', 'test_dataloader'):
        assert cfg[loader].sampler == dict(
            type='DefaultSampler', shuffle=False
        )


@every_leaf
def test_hooks_and_samplers_can_be_built(leaf):
    cfg = load(leaf)
    for hook in cfg.custom_hooks:
        HOOKS.build(hook.to_dict())
    # As the runner tells a sampler while it trains.
    hub = MessageHub.get_current_instance()
    hub.update_info('max_epochs', cfg.train_cfg.max_epochs)
    for loader in ('train_dataloader', 'val_dataloader'):
        sampler = DATA_SAMPLERS.build(
            cfg[loader].sampler.to_dict(),
            default_args=dict(dataset=Labels(), seed=0),
        )
        assert set(sampler) <= set(range(len(Labels())))
    hub.pop_info('max_epochs')


class Labels(list):
    """The least that a sampler asks of a dataset."""

    def __init__(self):
        super().__init__([0, 0, 0, 1])

    def get_cat_ids(self, idx):
        return [self[idx]]


def sample(layout, *, label=0, seed=0):
    """A clip of random joints, as an annotation file would hold it."""
    keypoint = (
        np.random.default_rng(seed)
        .normal(size=(1, 40, get_layout(layout).num_joints, 3))
        .astype(np.float32)
    )
    return dict(
        frame_dir=f'clip{seed}',
        label=label,
        total_frames=40,
        keypoint=keypoint,
        start_index=0,
        modality='Pose',
    )


def batch(cfg, loader, num):
    steps = [
        TRANSFORMS.build(step) for step in dataset(cfg, loader)[0].pipeline
    ]
    layout = cfg.model.backbone.graph_cfg.layout
    data = pseudo_collate(
        [Compose(steps)(sample(layout, label=i, seed=i)) for i in range(num)]
    )
    # The models are of full width; fewer frames make up for it.
    data['inputs'] = [clip[:, :, :16] for clip in data['inputs']]
    return data


@functools.cache
def num_parameters(leaf):
    model = MODELS.build(load(leaf).model.to_dict())
    return sum(p.numel() for p in model.parameters())


@every_leaf
def test_a_step_and_a_prediction(leaf):
    torch.manual_seed(0)
    cfg = load(leaf)
    model = MODELS.build(cfg.model.to_dict())
    num_classes = cfg.model.cls_head.num_classes
    for module in model.modules():
        if getattr(module, 'needs_class_counts', False):
            module.set_class_counts(range(num_classes, 0, -1))
        if getattr(module, 'needs_progress', False):
            module.set_progress(99, total=100, iters_per_pass=10)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper.to_dict())
    before = model.cls_head.fc.weight.detach().clone()
    losses = model.train_step(batch(cfg, 'train_dataloader', 2), optimizer)
    assert math.isfinite(losses['loss'].item())
    assert not torch.equal(before, model.cls_head.fc.weight)

    model.eval()
    predicted = model.val_step(batch(cfg, 'val_dataloader', 1))
    score = predicted[0].pred_score
    assert score.shape == (num_classes,)
    assert score.sum().item() == pytest.approx(1, abs=1e-4)


def index():
    """The models that mim is told about."""
    files = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
    found = [yaml.safe_load((ROOT / file).read_text()) for file in files]
    collections = [c['Name'] for part in found for c in part['Collections']]
    return collections, [model for part in found for model in part['Models']]


def test_the_index_names_every_config_once():
    _, models = index()
    listed = [model['Config'] for model in models]
    assert sorted(listed) == sorted(f'configs/{leaf}.py' for leaf in LEAVES)
    assert [m['Name'] for m in models] == [Path(c).stem for c in listed]


@every_leaf
def test_the_index_tells_what_the_config_does(leaf):
    collections, models = index()
    (entry,) = (m for m in models if m['Name'] == leaf)
    cfg = load(leaf)
    assert entry['In Collection'] in collections
    about = entry['Metadata']
    _, times = dataset(cfg, 'train_dataloader')
    assert about['Architecture'].replace('-', '') == cfg.model.backbone.type
    assert about['Batch Size'] == cfg.train_dataloader.batch_size
    assert about['Epochs'] == cfg.train_cfg.max_epochs * times
    assert about['Parameters'] == f'{num_parameters(leaf) / 1e6:.2f}M'
    for result in entry.get('Results', []):
        assert {'Task', 'Dataset', 'Metrics'} <= set(result)
