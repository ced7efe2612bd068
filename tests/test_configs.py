"""Every leaf config loads, runs a step, and agrees with itself."""

import ast
import copy
import csv
import functools
import importlib.util
import json
import math
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmaction.apis import inference_recognizer, init_recognizer
from mmaction.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    MODELS,
    TRANSFORMS,
)
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

import shapmix_mm  # noqa: F401
from shapmix_mm.compat.configs import leaf_files
from shapmix_mm.config.mixins import load_config
from shapmix_mm.skeletons import get_layout

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
PATHS = {path.stem: path for path in leaf_files(CONFIGS)}
LEAVES = sorted(PATHS)
WRITTEN = [n for n, p in PATHS.items() if 'make_leaf.py' in p.read_text()]
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
MULTIBRANCH = ('ride', 'ride_routing', 'bcl', 'paco', 'glmc', 'brl', 'fsa')
SAMPLINGS = ('rs', 'sqrt', 'ros', 'progressive')
BALANCED = {'ClassBalancedSampler', 'RandomOverSampler', 'ProgressiveSampler'}
# Their schedule is that of a second stage, not of their cross-entropy twin.
SECOND_STAGES = ('crt', 'maxnorm', 'taunorm', 'fsa', 'ride_routing')
# The recognizers of Table 4 and 5 come in their own recipes; epochs of these.
RECOGNIZERS = dict(
    hdgcn='HD-GCN',
    infogcn='InfoGCN',
    streamgcn='Stream-GCN',
    frhead='FR-Head',
    msg3d='MS-G3D',
    mstgcn='MST-GCN',
    shiftgcn='Shift-GCN',
    sgn='SGN',
    efficientgcn='EfficientGCN',
)
RECIPES = dict(
    hdgcn=90,
    infogcn=110,
    streamgcn=65,
    frhead=65,
    msg3d=65,
    mstgcn=120,
    shiftgcn=140,
    sgn=120,
    efficientgcn=70,
)
ARCHITECTURES = dict(
    ctrgcn='CTR-GCN',
    stgcn='ST-GCN',
    stgcnpp='STGCN++',
    agcn='2s-AGCN',
    **RECOGNIZERS,
)
STREAMS = dict(
    **dict(bone='b', jointmotion='jm', bonemotion='bm'),
    **dict(skip='k', skipmotion='km'),
)
# Name of a set: its classes, its joints, and its largest class if thinned.
SETS = dict(
    demo=(16, 'nturgb+d', None),
    ltnwucla=(10, 'nw-ucla', 98),
    ltmsrc12=(12, 'nw-ucla', 200),
    ltutdmhad=(27, 'utd-mhad', 16),
    ltpennaction=(15, 'penn-action', 100),
    ltsbu=(8, 'sbu', 30),
    ltntu60=(60, 'nturgb+d', 600),
    ltntu120=(120, 'nturgb+d', 600),
    ntu60=(60, 'nturgb+d', None),
    ntu120=(120, 'nturgb+d', None),
    k400=(400, 'coco', None),
)
# Imbalance factors of sets too small for 100.
FACTORS = dict(ltnwucla=20, ltutdmhad=8, ltpennaction=20, ltsbu=10)
# Splits that train and test, where they have names of their own.
SPLITS = dict(
    k400=('train', 'val'),
    ltmsrc12=('xsub_train', 'xsub_val'),
    ltutdmhad=('xsub_train', 'xsub_val'),
    ltsbu=('fold1_train', 'fold1_val'),
)
ONE_PERSON = ('ltnwucla', 'ltmsrc12', 'ltutdmhad', 'ltpennaction')
# Longest first: one mixin's name may begin another's.
METHODS = '|'.join(sorted((*MIXINS, 'ce'), key=len, reverse=True))
LEAF_NAME = re.compile(
    rf'({"|".join(ARCHITECTURES)})_({METHODS})'
    rf'(?:_({"|".join(VARIANTS)}))?_({"|".join(SETS)})'
    rf'(?:-(xview|xset))?(?:-if(\d+))?(-pyskl)?'
    rf'(?:-({"|".join(STREAMS)}))?'
)


class Name:
    """What the name of a leaf says of it."""

    def __init__(self, leaf):
        self.leaf = leaf
        parts = LEAF_NAME.fullmatch(leaf)
        assert parts, f'{leaf} is no name by the rule'
        self.backbone, self.method, self.variant, self.set = parts.groups()[:4]
        split, imbalance, pyskl, self.stream = parts.groups()[4:]
        self.pyskl = pyskl or ''
        self.split = split or 'xsub'
        self.imbalance = int(imbalance or 100)
        # The same without what is added to the data.
        head = f'{self.backbone}_{self.method}'
        head += f'_{self.variant}' if self.variant else ''
        self.plain = f'{head}_{self.set}{self.pyskl}'
        self.neighbour = f'{self.backbone}_{self.method}_{self.set}'

    @property
    def ntu(self):
        return 'ntu' in self.set


NAMES = {leaf: Name(leaf) for leaf in LEAVES}
ABLATIONS = [leaf for leaf in LEAVES if NAMES[leaf].variant]
DERIVED = [leaf for leaf in LEAVES if NAMES[leaf].plain != leaf]
PLAIN = [leaf for leaf in LEAVES if leaf not in {*ABLATIONS, *DERIVED}]
# The rows of the paper's tables, and what the small set has of them.
TABLE_1 = (
    *('ce', 'mixup', 'remixdrw', 'ce_ros', 'focal', 'cb'),
    *('ldamdrw', 'balsoftmax', 'maxnorm', 'ib', 'shapmix'),
    *MULTIBRANCH,
)
TABLES_6_AND_7 = (
    'stmix',
    *(f'stmix_{v}' for v in ('mixup', 'cutmix', 'joint', 'copy')),
)
TABLE_8 = (
    *('stmix', 'stmix_rs'),
    *(f'shapmix{v}' for v in ('', '_rs', '_gradcam', '_gradcam_rs')),
)
SUFFIXES = ('', '-bone', '-jointmotion', '-bonemotion')
WHOLE = ('ntu60', 'ntu60-xview', 'ntu120', 'ntu120-xset')
RECOGNIZER_LEAVES = (
    *(
        (m, d)
        for m in ('ce', 'stmix', 'shapmix')
        for d in ('ntu60', 'ntu120', 'ltntu120')
    ),
    *((m, 'ltnwucla') for m in ('ce', 'shapmix')),
)
WANTED = {
    *(f'ctrgcn_{m}_{d}' for m in TABLE_1 for d in ('ltntu60', 'ltntu120')),
    *(f'ctrgcn_{m}_k400' for m in ('ce', 'shapmix')),
    *(
        f'ctrgcn_{m}_ltntu120{f}'
        for m in ('ce', 'remixdrw', 'balsoftmax', 'shapmix')
        for f in ('', '-if50', '-if10')
    ),
    *(f'ctrgcn_stmix_{d}{s}' for d in WHOLE for s in SUFFIXES),
    *(
        f'{b}_{m}_{d}'
        for b in ('ctrgcn', 'agcn')
        for m in ('ce', 'stmix')
        for d in WHOLE[2:]
    ),
    *(f'ctrgcn_{m}_ntu60' for m in ('ce', 'skelemix', 'tacnnmix')),
    *(
        f'ctrgcn_{m}_{d}'
        for d in ('ltnwucla', 'ntu60')
        for m in TABLES_6_AND_7
    ),
    *(f'ctrgcn_{m}_{d}' for d in ('ltnwucla', 'ltntu60') for m in TABLE_8),
    # What the issues name beyond the tables.
    *(
        f'ctrgcn_{m}_{d}{f}'
        for m in ('ce', 'shapmix')
        for d in ('ltntu60', 'ltntu60-xview', 'ltntu120', 'ltntu120-xset')
        for f in ('', '-if50', '-if10')
    ),
    *(
        f'ctrgcn_shapmix_{d}{s}'
        for d in ('ltntu60', 'ltntu120', 'ltnwucla', 'k400')
        for s in SUFFIXES
    ),
    *(
        f'{b}_{m}_ltntu120{p}'
        for b in ('ctrgcn', 'stgcn', 'stgcnpp', 'agcn')
        for m in ('ce', 'shapmix')
        for p in ('', '-pyskl')
    ),
    *(f'{b}_{m}_{d}' for b in RECOGNIZERS for m, d in RECOGNIZER_LEAVES),
    *(f'stgcnpp_{m}_ltntu60-pyskl' for m in ('ce', 'shapmix')),
    *(f'stgcnpp_stmix_{d}-pyskl' for d in WHOLE),
    *(f'ctrgcn_{m}_ltnwucla' for m in ('ce', 'balsoftmax', 'shapmix')),
    *(f'ctrgcn_{m}_ltnwucla' for m in (*LOSSES, *BASELINES, *MULTIBRANCH)),
    *(f'ctrgcn_{m}_mixedonly_ltnwucla' for m in BASELINES),
    *(f'ctrgcn_ce_{s}_ltnwucla' for s in SAMPLINGS),
    *(f'ctrgcn_{m}_demo' for m in ('ce', 'shapmix')),
}
# What two leaves on one dataset share, so that only the method differs.
DATA = (
    *('train_dataloader', 'val_dataloader', 'test_dataloader'),
    *('val_evaluator', 'test_evaluator'),
)
SCHEDULE = ('train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr')
SHARED = (*DATA, *SCHEDULE)
# Training samples of the published lists.
PUBLISHED = {
    ('ltntu120', 'xsub', 100): (15600, 600, 6),
    ('ltntu120', 'xsub', 50): (18137, 600, 12),
    ('ltntu120', 'xsub', 10): (28182, 600, 60),
    ('ltntu120', 'xset', 100): (10378, 400, 4),
    ('ltntu120', 'xset', 50): (12069, 400, 8),
    ('ltntu120', 'xset', 10): (18771, 400, 40),
}


@pytest.fixture(autouse=True)
def scope():
    """Build as a runner does, under the configs' default_scope."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield
    torch.set_num_threads(threads)


every_leaf = pytest.mark.parametrize('leaf', LEAVES)


READ = Config._file2dict


@functools.cache
def read(args, kwargs):
    return READ(*args, **dict(kwargs))


@functools.cache
def load(leaf):
    """Load a leaf once; whoever changes it makes a copy first.

    So are its bases, which MMEngine reads anew for each of many leaves.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Config,
            '_file2dict',
            lambda *args, **kwargs: copy.deepcopy(
                read(args, tuple(kwargs.items()))
            ),
        )
        return Config.fromfile(PATHS[leaf])


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


def innermost(cfg):
    """Training, validation and test dataset."""
    return [
        dataset(cfg, f'{part}_dataloader')[0]
        for part in ('train', 'val', 'test')
    ]


@functools.cache
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


def steps_taken(cfg):
    """Effective epochs; a second stage may take no step at all."""
    if cfg.train_cfg.type == 'SteplessTrainLoop':
        return 0
    return cfg.train_cfg.max_epochs * dataset(cfg, 'train_dataloader')[1]


def test_the_configs_of_the_issues_are_there():
    assert set(LEAVES) >= WANTED


def check_chain(name, cfg):
    assert depth(PATHS[name.leaf]) <= 2
    assert 'shapmix_mm' in cfg.custom_imports.imports
    assert cfg.default_scope == 'mmaction'


def check_number_of_classes(name, cfg):
    parts = [cfg.model.cls_head, *innermost(cfg)]
    parts += [blending(cfg)] if blending(cfg) else []
    assert {part.num_classes for part in parts} == {SETS[name.set][0]}
    assert len(set(values(cfg, 'num_classes'))) == 1


def check_layout(name, cfg):
    layout = SETS[name.set][1]
    owners = [*innermost(cfg), *of_type(cfg, 'SkeletonFeatures')]
    owners += [cfg.model.backbone.graph_cfg]
    owners += [blending(cfg)] if blending(cfg) else []
    assert [owner.layout for owner in owners] == [layout] * len(owners)
    assert set(values(cfg, 'layout')) == {layout}


def check_the_long_tail_is_the_same_in_validation(name, cfg):
    train, *evaluated = innermost(cfg)
    assert train.split == train.train_split
    for val in evaluated:
        for key in (
            *('type', 'ann_file', 'longtail'),
            *('train_split', 'num_classes'),
        ):
            assert val.get(key) == train.get(key), key
        held = name.ntu or SPLITS.get(name.set, ('', ''))[1].endswith('val')
        assert val.split == re.sub(
            'train$', 'val' if held else 'test', train.split
        )
        assert val.test_mode
    for loader in ('val_dataloader', 'test_dataloader'):
        assert dataset(cfg, loader)[1] == 1
        assert cfg[loader].sampler == dict(
            type='DefaultSampler', shuffle=False
        )
    own = SPLITS.get(name.set, ('train',))[0]
    assert train.split == (f'{name.split}_train' if name.ntu else own)


def exponential(n_max, imbalance, num_classes):
    """The counts of the published lists, from their formula."""
    ratio = (1 / imbalance) ** (1 / (num_classes - 1))
    return [int(n_max * ratio**k + 1e-9) for k in range(num_classes)]


def check_imbalance(name, cfg):
    longtail = dataset(cfg, 'train_dataloader')[0].get('longtail')
    num_classes, _, n_max = SETS[name.set]
    if n_max is None:
        assert longtail is None
    elif longtail.profile == 'list':
        wanted = f'{name.set}_{name.split}_if{name.imbalance}.txt'
        assert Path(longtail.file).name == wanted
    else:
        factor = FACTORS.get(name.set, name.imbalance)
        assert longtail.imbalance == factor
        assert longtail.n_max == (400 if name.split == 'xset' else n_max)
        assert longtail.get('names', 'name') == (
            'performer' if name.ntu and name.split == 'xsub' else 'name'
        )
        counts = exponential(longtail.n_max, factor, num_classes)
        found = sum(counts), counts[0], counts[-1]
        known = (name.set, name.split, name.imbalance)
        assert found == PUBLISHED.get(known, found)


def check_pipelines(name, cfg):
    train, *evaluated = (node.pipeline for node in innermost(cfg))
    assert types(train)[-2:] == ['FormatGCNInput', 'PackActionInputs']
    assert values(train, 'feats') == [[STREAMS.get(name.stream, 'j')]]
    assert len(values(train, 'clip_len')) == 1
    for val in evaluated:
        for key in ('clip_len', 'feats', 'num_person'):
            assert values(val, key) == values(train, key) != []
        for kind in ('KinectV1Normalize', 'PreNormalize3D', 'PreNormalize2D'):
            assert of_type(val, kind) == of_type(train, kind)
        # Nothing random in validation, and each sample bears its name.
        assert not [kind for kind in types(val) if kind.startswith('Random')]
        assert values(val, 'meta_keys') == [('frame_dir',)]


def check_protocol(name, cfg):
    """Neither protocol borrows a step or a schedule from the other."""
    if name.backbone in RECIPES and name.ntu:
        assert steps_taken(cfg) == RECIPES[name.backbone]
        return
    train, val, test = (node.pipeline for node in innermost(cfg))
    if name.pyskl or name.set == 'k400':
        assert values(train, 'clip_len') == [100]
        assert not {'CropResizeFrames', 'RandomRotation3D'} & {*types(train)}
        assert values(train, 'test_mode') == []
        clips = [10 if name.pyskl else 1]
        assert [values(p, 'num_clips') for p in (val, test)] == [[1], clips]
        assert [values(p, 'test_mode') for p in (val, test)] == [[True]] * 2
        (scheduler,) = of_type(cfg.param_scheduler, 'CosineAnnealingLR')
        begin = scheduler.get('begin', 0)
        assert begin + scheduler.T_max == cfg.train_cfg.max_epochs
    else:
        assert 'UniformSampleFrames' not in {*types(train), *types(test)}
        assert values(val, 'p_interval') == values(test, 'p_interval')
        assert len(values(val, 'p_interval')[0]) == 1
        assert val == test
        if name.method not in SECOND_STAGES:
            kinds = types(cfg.param_scheduler)
            small = name.set in {*SPLITS, *FACTORS}
            wanted = 'CosineAnnealingLR' if small else 'MultiStepLR'
            assert wanted in kinds
    if name.ntu:
        (norm,) = of_type(train, 'PreNormalize3D')
        aligned = [
            norm.get(k, True) for k in ('align_spine', 'align_shoulder')
        ]
        assert aligned == [bool(name.pyskl)] * 2
        assert name.pyskl or values(train, 'clip_len') == [64]
        whole = 80 if name.pyskl else 100 if name.set[:2] == 'lt' else 65
        assert steps_taken(cfg) == whole or name.method in SECOND_STAGES


def check_metric(name, cfg):
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        (metric,) = of_type(evaluator, 'LongTailMetric')
        assert {'few', 'many'} <= set(metric)
        assert 0 < metric.few < metric.many
        for figure in of_type(cfg.custom_hooks, 'SaliencyFigureHook'):
            # The hook takes them from the metric.
            assert 'thresholds' not in figure


def check_loss(name, cfg):
    """Weighs double where originals stay; no imbalance corrected twice."""
    keeps = blending(cfg) and blending(cfg).get('keep_originals', True)
    assert loss(cfg).get('loss_weight', 1.0) == (2.0 if keeps else 1.0)
    balanced = cfg.train_dataloader.sampler.type in BALANCED
    assert not (balanced and loss(cfg).type == 'BalancedSoftmaxLoss')


def check_hooks(name, cfg):
    kind = (blending(cfg) or {}).get('type')
    counted = ('ShapMixBlending', 'RemixBlending', 'RebalancedPartBlending')
    if kind in counted or loss(cfg).type == 'BalancedSoftmaxLoss':
        assert 'ClassCountsHook' in hooks(cfg)
    shapmix = kind == 'ShapMixBlending'
    assert ('SaliencyHook' in hooks(cfg)) == shapmix
    assert shapmix or 'SaliencyFigureHook' not in hooks(cfg)
    # It looks at the originals, and GLMC and BRL have none beside the mixed.
    assert ('TrainAccuracyHook' in hooks(cfg)) == (
        kind not in (None, 'GlobalLocalBlending', 'RebalancedPartBlending')
    )
    switching = {
        *('DeferredReweightingLoss', 'InfluenceBalancedLoss'),
        *('MixtureConsistencyLoss', 'ClassAdaptiveLoss'),
    }
    assert ('TrainingProgressHook' in hooks(cfg)) == bool(
        switching & {*types(cfg.model.cls_head)}
    )
    assert len(set(hooks(cfg))) == len(hooks(cfg))


def check_checkpoints(name, cfg):
    """A kill while one is written leaves an older whole one."""
    checkpoint = cfg.default_hooks.checkpoint
    assert checkpoint.interval >= 1
    assert checkpoint.max_keep_ckpts >= 2


def stated_epochs(leaf):
    """Effective epochs in the comment of the file that sets train_cfg."""
    for path in chain(PATHS[leaf]):
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


def check_epochs(name, cfg):
    assert steps_taken(cfg) == stated_epochs(name.leaf)
    for hook in of_type(cfg.custom_hooks, 'SaliencyHook'):
        assert hook.get('warmup_epochs', 5) < steps_taken(cfg)


def check_schedule(name, cfg):
    epochs = cfg.train_cfg.max_epochs
    assert cfg.train_cfg.val_interval <= epochs
    for scheduler in cfg.param_scheduler:
        assert scheduler.by_epoch
        for at in scheduler.get('milestones', []):
            assert 0 < at < epochs
        assert scheduler.get('end', epochs) <= epochs
        assert scheduler.get('T_max', epochs) <= epochs
    assert cfg.auto_scale_lr.base_batch_size == cfg.train_dataloader.batch_size


CHECKS = [value for key, value in [*globals().items()] if key[:6] == 'check_']


@every_leaf
def test_a_config_agrees_with_itself(leaf):
    for check in CHECKS:
        check(NAMES[leaf], load(leaf))


@pytest.mark.parametrize('leaf', WRITTEN)
def test_a_leaf_is_its_base_and_mixins(leaf, leaf_tool):
    path = PATHS[leaf]
    recipe = leaf_tool.recipe_of(path)
    merged = leaf_tool.made(path.parent / recipe.base, recipe.mixins)
    assert merged == load(leaf).to_dict()
    assert leaf_tool.is_current(path, recipe), 'tools/docs/make_leaf.py'
    # The name says the same: its method's mixin is among them.
    name = NAMES[leaf]
    assert Path(recipe.base).stem == (
        f'{name.backbone}_ce_{name.set}{name.pyskl}'
    )
    assert name.method == 'ce' or name.method in recipe.mixins
    for part in (name.stream, name.split, f'if{name.imbalance}'):
        assert (part in recipe.mixins) == (f'-{part}' in leaf), part


def test_what_is_written_by_hand_is_cross_entropy():
    """Methods have one definition, their mixin."""
    for leaf in set(LEAVES) - set(WRITTEN):
        name = NAMES[leaf]
        assert leaf == f'{name.backbone}_ce_{name.set}{name.pyskl}'


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
    own = flat(load(leaf).to_dict())
    other = flat(load(NAMES[leaf].neighbour).to_dict())
    changes = dict(VARIANTS[NAMES[leaf].variant])
    if NAMES[leaf].method == 'ce':
        # As all mixins that bring the metric do.
        best = 'default_hooks.checkpoint.save_best'
        assert best not in other
        changes[best] = 'acc/mean_class'
    if 'train_dataloader.sampler.type' in changes:
        # DefaultSampler's own argument goes with it.
        assert other.pop('train_dataloader.sampler.shuffle') is True
    assert other != own == {**other, **changes}


@pytest.mark.parametrize('leaf', DERIVED)
def test_other_data_are_all_that_a_name_with_hyphens_changes(leaf):
    name = NAMES[leaf]
    own, other = (copy.deepcopy(load(key)) for key in (leaf, name.plain))
    assert innermost(own) != innermost(other)
    for node in innermost(other):
        for key in ('split', 'train_split'):
            node[key] = node[key].replace('xsub', name.split)
        if name.set == 'ltntu60':
            file = f'ltntu60_{name.split}_if{name.imbalance}.txt'
            node.longtail.file = f'data/skeleton/{file}'
        elif name.set == 'ltntu120':
            node.longtail.imbalance = name.imbalance
            if name.split == 'xset':
                node.longtail.update(n_max=400, names='name')
    # The variables that the data are made of follow them.
    if 'longtail' in other:
        other.longtail = innermost(other)[0].longtail
    if name.stream:
        for features in of_type(other, 'SkeletonFeatures'):
            features.feats = [STREAMS[name.stream]]
    assert flat(own.to_dict()) == flat(other.to_dict())


STOCK = dict(
    stgcn='stgcn/stgcn_8xb16-joint-u100-80e_ntu120-xsub-keypoint-3d.py',
    stgcnpp='stgcnpp/stgcnpp_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py',
    agcn='2s-agcn/2s-agcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py',
)


def as_stock(pipeline):
    """A pipeline of ours in the words of MMAction2."""
    found = []
    for step in pipeline:
        step = {k: v for k, v in step.items() if k != 'meta_keys'}
        if step['type'] == 'SkeletonFeatures':
            step['type'] = 'GenSkeFeat'
            step['dataset'] = step.pop('layout')
        found.append(step)
    return found


@pytest.mark.parametrize('backbone', STOCK)
def test_the_pyskl_protocol_is_that_of_mmaction2(backbone):
    stock = load_config(f'mmaction::skeleton/{STOCK[backbone]}')
    data = 'ltntu120' if backbone != 'stgcnpp' else 'ltntu60'
    ours = load(f'{backbone}_ce_{data}-pyskl')
    assert ours.model.backbone == stock.model.backbone
    for key in ('optim_wrapper', 'param_scheduler', 'auto_scale_lr'):
        assert ours[key] == stock[key], key
    assert ours.train_cfg.max_epochs == stock.train_cfg.max_epochs
    # 8 GPUs with 16 each; the learning rate is for all of them.
    assert ours.train_dataloader.batch_size == 8 * 16
    for loader in DATA[:3]:
        (own, times), (other, repeats) = (
            dataset(cfg, loader) for cfg in (ours, stock)
        )
        assert times == repeats
        assert as_stock(own.pipeline) == [dict(s) for s in other.pipeline]
        assert own.split == other.split


def distinct(parts):
    """Leaves by what they alone have of something, one leaf for each."""
    found = {}
    for leaf in LEAVES:
        key = json.dumps(parts(load(leaf)), sort_keys=True, default=str)
        found.setdefault(key, leaf)
    return sorted(found.values())


def test_hooks_and_samplers_can_be_built():
    for leaf in distinct(lambda cfg: cfg.custom_hooks):
        for hook in load(leaf).custom_hooks:
            HOOKS.build(hook.to_dict())
    hub = MessageHub.get_current_instance()
    for loader in ('train_dataloader', 'val_dataloader'):
        for leaf in distinct(lambda cfg: cfg[loader].sampler):  # noqa: B023
            # As the runner tells a sampler while it trains.
            hub.update_info('max_epochs', load(leaf).train_cfg.max_epochs)
            sampler = DATA_SAMPLERS.build(
                load(leaf)[loader].sampler.to_dict(),
                default_args=dict(dataset=Labels(), seed=0),
            )
            if hasattr(sampler, 'set_confusion'):  # as ConfusionHook does
                sampler.set_confusion(np.eye(5))
            assert set(sampler) <= set(range(len(Labels())))
    hub.pop_info('max_epochs')


def without_pipelines(cfg):
    """What decides which samples a config has."""
    return [
        {k: v for k, v in node.items() if k != 'pipeline'}
        for node in innermost(cfg)
    ]


class Labels(list):
    """The least that a sampler asks of a dataset."""

    def __init__(self):
        super().__init__([0] * 8 + [1] * 6 + [2] * 4 + [3] * 2 + [4])

    def get_cat_ids(self, idx):
        return [self[idx]]


TRAINED, TESTED = 3, 1  # miniature samples of each class


def ntu_names(label):
    """Samples that train, and one that tests, by every protocol at once."""
    action = f'R001A{label + 1:03d}'
    performers = (1, 2, 4)[:TRAINED]
    names = [f'S002C002P{p:03d}{action}' for p in performers]
    return names, [f'S001C001P003{action}']


def ntu_split(name):
    """Where MMAction2's file puts a sample; performer 3 never trains."""
    trains = {
        'xsub': name[8:12] != 'P003',
        'xview': name[4:8] in ('C002', 'C003'),
        'xset': int(name[1:4]) % 2 == 0,
    }
    return [f'{k}_{"train" if v else "val"}' for k, v in trains.items()]


def miniature(kind, folder):
    """Write a small file of the format that a set has.

    Args:
        kind (str): Name of the set, as in the names of the leaves.
        folder (Path): Where.

    Returns:
        str: The file.
    """
    num_classes, layout, _ = SETS[kind]
    joints = get_layout(layout).num_joints
    rng = np.random.default_rng(0)
    split, annotations = {}, []
    for label in range(num_classes):
        if 'ntu' in kind:
            train, test = ntu_names(label)
        else:
            train = [f'train{label}_{i}' for i in range(TRAINED)]
            test = [f'test{label}']
        for number, name in enumerate([*train, *test]):
            parts = [SPLITS.get(kind, ('train', 'test'))[name in test]]
            for part in ntu_split(name) if 'ntu' in kind else parts:
                split.setdefault(part, []).append(name)
            sample = dict(frame_dir=name, label=label, total_frames=20)
            persons = 1 if kind in ONE_PERSON else 1 + number % 2
            pose = rng.normal(size=(persons, 20, joints, 3))
            sample['keypoint'] = pose.astype(np.float32)
            if kind in ('k400', 'ltpennaction'):
                sample['img_shape'] = sample['original_shape'] = (340, 256)
                sample['keypoint'] = (pose[..., :2] * 50).astype(np.float16)
                sample['keypoint_score'] = rng.uniform(
                    size=pose.shape[:3]
                ).astype(np.float16)
            annotations.append(sample)
    path = folder / f'{kind}.pkl'
    path.write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))
    return str(path)


@pytest.fixture(scope='module')
def mini(tmp_path_factory):
    """Build a dataset of a config on the miniature of its set, once each."""
    root = tmp_path_factory.mktemp('mini')
    files, built = {}, {}

    def of(name, node):
        node = node.to_dict()
        pipeline = node.pop('pipeline')
        kind = name.set.replace('ltntu', 'ntu')
        if kind not in files:
            files[kind] = miniature(kind, root)
        node['ann_file'] = files[kind]
        if node.get('longtail', {}).get('file'):
            # Two of each class, of three.
            path = root / Path(node['longtail']['file']).name
            kept = [ntu_names(k)[0][:2] for k in range(SETS[kind][0])]
            path.write_text('\n'.join(sum(kept, [])))
            node['longtail']['file'] = str(path)
        key = json.dumps(node, sort_keys=True)
        if key not in built:
            with warnings.catch_warnings():
                # Classes have fewer samples than the real profile asks for.
                warnings.simplefilter('ignore')
                built[key] = DATASETS.build(dict(node, pipeline=[]))
        found = copy.copy(built[key])
        found.pipeline = Compose([TRANSFORMS.build(s) for s in pipeline])
        return found

    return of


@pytest.mark.parametrize('leaf', distinct(without_pipelines))
def test_training_and_validation_count_the_same_samples(leaf, mini):
    name = NAMES[leaf]
    train, val, test = (mini(name, node) for node in innermost(load(leaf)))
    counts = train.metainfo['class_counts']
    num_classes, _, n_max = SETS[name.set]
    longtail = train.longtail
    wanted = [TRAINED] * num_classes
    if longtail is not None and longtail.profile == 'list':
        wanted = [2] * num_classes
    elif longtail is not None:
        profile = exponential(longtail.n_max, longtail.imbalance, num_classes)
        wanted = [min(TRAINED, n) for n in profile]
    assert counts == wanted
    assert val.metainfo['class_counts'] == counts
    assert test.metainfo['class_counts'] == counts
    assert len(train) == sum(counts)
    assert len(val) == len(test) == num_classes * TESTED


def narrow(cfg):
    """The model of a config with few channels, and as a key."""
    model = copy.deepcopy(cfg.model.to_dict())
    if model['backbone']['type'] == 'SGN':
        return model
    if model['backbone']['type'] == 'EfficientGCN':
        model['backbone']['scale'] = 0
        model['cls_head']['in_channels'] = 128
        return model
    wide = model['backbone'].get('base_channels', 64)
    model['backbone']['base_channels'] = 8
    model['cls_head']['in_channels'] //= wide // 8
    if 'refinement' in model:
        widths = model['refinement']['channels']
        model['refinement']['channels'] = [w // (wide // 8) for w in widths]
        frames = model['refinement']['num_frames']
        model['refinement']['num_frames'] = min(FRAMES, frames)
    return model


#: As many as SGN takes, which takes no more.
FRAMES = 20


def short(value):
    """A dataset or a pipeline whose clips have few frames."""
    value = copy.deepcopy(value)
    for step in nodes(value):
        if 'clip_len' in step:
            step.clip_len = min(FRAMES, step.clip_len)
    return value


def stepped(cfg):
    """Model and clips; what differs between sets of one kind is left out."""
    model = narrow(cfg)
    blend = (model.get('data_preprocessor') or {}).get('blending', {})
    for part in (model['cls_head'], model.get('refinement', {}), blend):
        part.pop('num_classes', None)
    # SGN's follows from the number of classes.
    model['cls_head'].pop('label_smooth_eps', None)
    return [model, *map(len, pipelines(cfg))]


def pipelines(cfg):
    return [node.pipeline for node in innermost(cfg)]


STEPS = distinct(stepped)


def loss_views(cfg):
    """Views that the head learns from."""
    head = MODELS.get(cfg.model.cls_head.type)
    return getattr(head, 'num_views', 1)


@pytest.mark.parametrize('leaf', distinct(pipelines))
def test_clips_have_the_form_that_the_model_takes(leaf, mini):
    name, cfg = NAMES[leaf], load(leaf)
    for number, node in enumerate(innermost(cfg)):
        clips = pseudo_collate([mini(name, node)[i] for i in (0, 1, 3)])
        (persons,) = values(node.pipeline, 'num_person')
        (frames,) = values(node.pipeline, 'clip_len')
        clip_keys = ('num_clips', 'num_views')
        views = max(
            [1, *(v for key in clip_keys for v in values(node.pipeline, key))]
        )
        joints = get_layout(SETS[name.set][1]).num_joints
        for clip in clips['inputs']:
            assert clip.shape == (views, persons, frames, joints, 3)
            assert torch.isfinite(clip).all() and clip.any()
        wanted = loss_views(cfg)
        assert number or name.pyskl or views == wanted


@pytest.mark.parametrize('leaf', STEPS)
def test_a_step_and_a_prediction(leaf, mini):
    """Leaves that differ in data alone share a step."""
    torch.manual_seed(0), np.random.seed(0)
    name, cfg = NAMES[leaf], load(leaf)
    num_classes = SETS[name.set][0]
    train, _, test = (mini(name, short(node)) for node in innermost(cfg))
    model = MODELS.build(narrow(cfg))
    for module in model.modules():
        if getattr(module, 'needs_class_counts', False):
            module.set_class_counts(train.metainfo['class_counts'])
        if getattr(module, 'needs_progress', False):
            module.set_progress(99, total=100, iters_per_pass=10)
    # Whole pairs and groups, for those that train on them.
    data = pseudo_collate([train[i] for i in range(8)])
    if steps_taken(cfg):
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper.to_dict())
        head = model.cls_head.parameters()
        classifier = next(p for p in head if p.requires_grad)
        before = classifier.detach().clone()
        losses = model.train_step(data, optimizer)
        assert math.isfinite(losses['loss'].item())
        assert not torch.equal(before, classifier)

    model.eval()
    (predicted,) = model.test_step(pseudo_collate([test[1]]))
    assert predicted.pred_score.shape == (num_classes,)
    assert predicted.pred_score.sum().item() == pytest.approx(1, abs=1e-4)
    assert predicted.frame_dir == test.get_data_info(1)['frame_dir']


def test_every_model_loss_and_blend_is_among_the_steps():
    tested = [load(leaf) for leaf in STEPS]

    def blend(cfg):
        return {**(blending(cfg) or {}), 'num_classes': 0}

    for leaf in LEAVES:
        cfg = load(leaf)
        for part in (blend, loss, lambda c: c.model.backbone):
            assert any(part(other) == part(cfg) for other in tested)


@functools.cache
def index():
    """The models that mim is told about."""
    files = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
    found = [yaml.safe_load((ROOT / file).read_text()) for file in files]
    collections = [c['Name'] for part in found for c in part['Collections']]
    return collections, [model for part in found for model in part['Models']]


def test_the_index_names_every_config_once():
    _, models = index()
    listed = [model['Config'] for model in models]
    paths = [path.relative_to(ROOT).as_posix() for path in PATHS.values()]
    assert sorted(listed) == sorted(paths)
    assert [m['Name'] for m in models] == [Path(c).stem for c in listed]
    assert len(set(index()[0])) == len(index()[0])


@functools.cache
def num_parameters(model):
    """Parameters of a model of full width, which is built for it."""
    built = MODELS.build(json.loads(model))
    return sum(p.numel() for p in built.parameters())


@every_leaf
def test_the_index_tells_what_the_config_does(leaf):
    collections, models = index()
    (entry,) = (m for m in models if m['Name'] == leaf)
    name, cfg = NAMES[leaf], load(leaf)
    assert entry['In Collection'] in collections
    about = entry['Metadata']
    assert about['Architecture'] == ARCHITECTURES[name.backbone]
    assert about['Batch Size'] == cfg.train_dataloader.batch_size
    assert about['Epochs'] == steps_taken(cfg)
    model = cfg.model.to_dict()
    # A blend has no parameters, and neither has a loss.
    model.pop('data_preprocessor', None)
    assert not list(
        MODELS.build(model['cls_head'].pop('loss_cls')).parameters()
    )
    found = num_parameters(json.dumps(model, sort_keys=True))
    assert about['Parameters'] == f'{found / 1e6:.2f}M'
    words = about['Training Data'].lower().replace('-', '')
    assert name.set in words.replace('kinetics', 'k')
    assert not name.ntu or name.split in words
    assert ('if' in words) == ('-if' in leaf)
    assert name.imbalance == 100 or f'if {name.imbalance})' in words
    for result in entry.get('Results', []):
        assert {'Task', 'Dataset', 'Metrics'} <= set(result)


def tool(name):
    path = ROOT / f'tools/docs/{name}.py'
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def leaf_tool():
    """The tool that writes leaves."""
    return tool('make_leaf')


@pytest.fixture
def page_tool(monkeypatch):
    """The tool that writes the READMEs, on the configs loaded here."""
    module = tool('config_table')
    once = type(
        'Once', (), dict(fromfile=staticmethod(lambda p: load(p.stem)))
    )
    monkeypatch.setattr(module, 'Config', once)
    return module


def test_figures_of_the_index_are_those_of_the_committed_table():
    """Means over all seeds, of rows whose recipe is the leaf's."""
    table = ROOT / 'docs' / 'results' / 'core' / 'runs.csv'
    with open(table, newline='') as stream:
        runs = list(csv.DictReader(stream))
    _, models = index()
    told = [model for model in models if 'Results' in model]
    assert told
    for model in told:
        recognizer, method, data = model['Name'].split('_')
        mine = [
            run
            for run in runs
            if (run['recognizer'], run['method'], run['dataset'])
            == (recognizer, method, data)
            and run['overall']  # a line of a run that is not finished
        ]
        (entry,) = model['Results']
        for key, column in (
            ('Top 1 Accuracy', 'overall'),
            ('Few-shot Accuracy', 'few'),
        ):
            mean = np.mean([100 * float(run[column]) for run in mine])
            assert entry['Metrics'][key] == round(mean, 1), model['Name']


def test_a_page_has_the_figures_of_the_model_index(page_tool, tmp_path):
    index = dict(
        Models=[
            dict(Name='a', Results=[dict(Metrics={'Top 1 Accuracy': 60.8})]),
            dict(
                Name='b',
                Results=[
                    dict(
                        Metrics={
                            'Top 1 Accuracy': 93.5,
                            'Few-shot Accuracy': 91.6,
                        }
                    )
                ],
            ),
            dict(Name='c'),
        ]
    )
    (tmp_path / 'metafile.yml').write_text(yaml.safe_dump(index))
    (tmp_path / 'model-index.yml').write_text('Import: [metafile.yml]\n')
    page_tool.ROOT = tmp_path
    assert page_tool.ours() == dict(a='60.8', b='93.5 (91.6)')


def test_the_pages_of_all_configs_are_up_to_date(page_tool):
    linked = []
    for path, text in page_tool.pages():
        found = path.read_text(encoding='utf-8')
        assert found == text, 'python tools/docs/config_table.py'
        for name, target in re.findall(
            r'^\| \[`(.+?)`\]\((.+?)\)', text, re.M
        ):
            assert (path.parent / target).resolve() == PATHS[name]
            if path.parent != CONFIGS:
                linked.append(name)
    flat = [name for name in LEAVES if NAMES[name].set == 'demo']
    assert sorted([*linked, *flat]) == LEAVES
    text = (CONFIGS / 'ltntu120/README.md').read_text(encoding='utf-8')
    row = next(
        r for r in text.splitlines() if 'shapmix_ltntu120-xset-if5' in r
    )
    assert 'xset: 12,069 (400–8) | joint | 100 | 64 |' in row
    assert '`python tools/train.py configs/ltntu120/ctrgcn_shapmix_' in row


# Rows of Tables 1 and 3 as the paper calls them.
ROWS = dict(
    ce='Cross-Entropy',
    mixup='Mixup',
    remixdrw='Remix-DRW',
    ce_ros='ROS',
    focal='Focal',
    cb='CB Loss',
    ldamdrw='LDAM-DRW',
    balsoftmax='Balanced Softmax',
    ib='IB Loss',
    maxnorm='BS+Max Norm',
    shapmix='Shap-Mix (Ours)',
)


def test_the_papers_figures_are_those_of_the_paper(page_tool, shared_dir):
    text = (shared_dir / 'reference/shap-mix-paper.txt').read_text()

    def row_of(table, label):
        rows = text.partition(f'\nTable {table}:')[0].splitlines()
        row = [r for r in rows if r.startswith(label) and '\t' in r][-1]
        # Without the marks of the best values.
        return [float(x) for x in re.findall(r'\d+\.\d', row)]

    figures = page_tool._figures()
    assert set(figures) <= set(LEAVES)
    for method, label in ROWS.items():
        found = row_of(1, label)
        assert figures[f'ctrgcn_{method}_ltntu60'][1] == found[:4]
        assert figures[f'ctrgcn_{method}_ltntu120'][1] == found[4:]
    for method in ('ce', 'remixdrw', 'balsoftmax', 'shapmix'):
        label = ROWS[method].replace('Cross-Entropy', 'Baseline')
        found = row_of(3, label)
        name = f'ctrgcn_{method}_ltntu120'
        leaves = (f'{name}-if10', f'{name}-if50', name)
        assert [figures[leaf][3] for leaf in leaves] == [[x] for x in found]
    table_8 = {
        'Random': ('stmix_rs', 'stmix'),
        'Grad-CAM': ('shapmix_gradcam_rs', 'shapmix_gradcam'),
        'Shapley': ('shapmix_rs', 'shapmix'),
    }
    for label, pair in table_8.items():
        found = row_of(8, label)
        got = [figures[f'ctrgcn_{m}_ltntu60'][8] for m in pair]
        assert got == [[x] for x in found]


def test_the_page_on_configs_lists_all_folders_files_and_mixins():
    page = (ROOT / 'docs' / 'configs.md').read_text(encoding='utf-8')
    folders = re.findall(r'`configs/(\w+)/README.md`', page)
    there = [path.parent.name for path in CONFIGS.glob('*/README.md')]
    assert sorted(folders) == sorted(there)
    data = re.search(r'## Data\n(.*?)\n## ', page, re.S)[1]
    for base in (CONFIGS / '_base_' / 'datasets').glob('*.py'):
        (ann_file,) = re.findall(r"ann_file = '(.+?)'", base.read_text())
        assert f'{Path(ann_file).name}`' in data, base.name
    table = re.search(r'^\| mixin .*?\n\n', page, re.M | re.S)[0]
    first = ' '.join(line.split('|')[1] for line in table.splitlines() if line)
    assert sorted(re.findall(r'`(\w+)`', first)) == MIXINS


def test_the_leaf_for_other_joints(tmp_path):
    """The one that docs/configs.md shows, on 18 joints of OpenPose."""
    page = (ROOT / 'docs' / 'configs.md').read_text()
    text = re.search(r'## Other joints.*?```python\n(.*?)```', page, re.S)[1]
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(text.replace("_base_ = '", f"_base_ = '{CONFIGS}/"))
    cfg = load_config(str(leaf))
    for key in ('train_dataloader', 'test_dataloader', 'model'):
        named = re.findall(r"'layout': '(.*?)'", str(cfg[key].to_dict()))
        assert len(named) == 2 and set(named) == {'openpose'}
    pose = np.random.default_rng(0).uniform(0, 240, (2, 30, 18, 2))
    sample = dict(
        frame_dir='a',
        label=0,
        total_frames=30,
        img_shape=(240, 320),
        original_shape=(240, 320),
        keypoint=pose.astype(np.float32),
        keypoint_score=np.ones((2, 30, 18), dtype=np.float32),
    )
    with DefaultScope.overwrite_default_scope('mmaction'):
        for loader in (cfg.train_dataloader, cfg.test_dataloader):
            packed = Compose(loader.dataset.pipeline)(copy.deepcopy(sample))
            bones = packed['inputs'][0]
            assert bones.shape == (2, 100, 18, 3)
            # MMAction2's bones of this layout begin at the nose.
            assert not bones[:, :, 0, :2].any()
            assert bones[:, :, 1:, :2].any(dim=-1).all()
        backbone = MODELS.build(cfg.model.backbone)
        blend = MODELS.build(cfg.model.data_preprocessor.blending)
    assert backbone.graph.A.shape[-1] == blend.layout.num_joints == 18


def test_the_block_for_own_joints_as_pasted(tmp_path):
    """The one that docs/get_started.md shows, on nine joints."""
    page = (ROOT / 'docs' / 'get_started.md').read_text()
    text = re.search(r'## Your own joints.*?```python\n(.*?)```', page, re.S)[
        1
    ]
    leaf = tmp_path / 'leaf.py'
    assert "_base_ = 'configs/ctrgcn_shapmix_demo.py'" in text
    leaf.write_text(text.replace("'configs/", f"'{CONFIGS}/"))
    cfg = load_config(str(leaf))
    assert 'nturgb+d' not in str(cfg.to_dict())
    assert '_delete_' not in str(cfg.to_dict())
    model = MODELS.build(cfg.model)
    model.data_preprocessor.blending.set_class_counts(range(16, 0, -1))
    model.cls_head.loss_cls.set_class_counts(range(16, 0, -1))
    pose = np.random.default_rng(0).normal(size=(1, 40, 9, 3))
    sample = dict(
        frame_dir='a',
        label=3,
        total_frames=40,
        keypoint=pose.astype(np.float32),
    )
    for node in innermost(cfg):
        assert node.ann_file == 'my_poses.pkl'
        packed = Compose(node.pipeline)(copy.deepcopy(sample))
        assert packed['inputs'].shape == (1, 2, 32, 9, 3)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper.to_dict())
    losses = model.train_step(pseudo_collate([packed, packed]), optimizer)
    assert math.isfinite(losses['loss'].item())


@pytest.mark.parametrize('leaf', distinct(pipelines))
def test_a_clip_is_predicted_without_a_label(leaf, mini):
    """By MMAction2's own two functions."""
    name, cfg = NAMES[leaf], load(leaf)
    train, val, test = innermost(cfg)
    assert (
        cfg.test_pipeline == test.pipeline and cfg.val_pipeline == val.pipeline
    )
    narrowed = copy.deepcopy(cfg)
    narrowed.model = narrow(cfg)
    narrowed.test_pipeline = short(cfg.test_pipeline)
    model = init_recognizer(narrowed, device='cpu')
    raw = mini(name, test).get_data_info(1)
    sample = {
        key: raw[key]
        for key in ('keypoint', 'keypoint_score', 'total_frames', 'img_shape')
        if key in raw
    }
    found = inference_recognizer(model, sample)
    assert found.pred_score.shape == (SETS[name.set][0],)
    assert found.pred_score.sum().item() == pytest.approx(1, abs=1e-4)
