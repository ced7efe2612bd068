"""Method mixins over stock MMAction2 configs, and over any other."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmaction.registry import HOOKS, MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from shapmix_mm.config.mixins import apply_mixin, find_mixin, load_config
from shapmix_mm.datasets.demo.classes import ACTIONS
from shapmix_mm.engine import SteplessTrainLoop

STGCN = (
    'mmaction::skeleton/stgcn/'
    'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
)
STOCK = {
    STGCN: ('nturgb+d', 25, 60),
    STGCN.replace('ntu60', 'ntu120'): ('nturgb+d', 25, 120),
    STGCN.replace('3d', '2d'): ('coco', 17, 60),
    STGCN.replace('stgcn', 'stgcnpp'): ('nturgb+d', 25, 60),
    STGCN.replace('stgcn', '2s-agcn'): ('nturgb+d', 25, 60),
}
# As the README shows it.
LEAF = """\
_base_ = 'mmaction::skeleton/stgcn/stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
custom_imports = dict(imports=['shapmix_mm'])
model = dict(
    data_preprocessor=dict(type='ActionDataPreprocessor', blending=dict(
        type='ShapMixBlending', num_classes=60, layout='nturgb+d')),
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.)))
custom_hooks = [dict(type='ClassCountsHook'), dict(type='SaliencyHook'),
                dict(type='TrainAccuracyHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = val_evaluator
"""  # noqa: E501


README = Path(__file__).resolve().parents[2] / 'README.md'


@pytest.fixture(autouse=True)
def one_thread():
    """Small models: threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def plain_config(**changes):
    cfg = dict(
        model=dict(
            type='RecognizerGCN',
            backbone=dict(type='STGCN', graph_cfg=dict(layout='coco')),
            cls_head=dict(type='GCNHead', num_classes=7, in_channels=8),
        ),
        val_dataloader=dict(),
        val_evaluator=dict(type='AccMetric'),
        test_dataloader=dict(),
        test_evaluator=dict(type='AccMetric'),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook')),
    )
    cfg.update(changes)
    return Config(cfg)


def with_mixins(cfg, *names):
    for name in names:
        apply_mixin(cfg, Config.fromfile(find_mixin(name)))
    return cfg


def types(items):
    return [item['type'] for item in items]


def without_scope(node):
    """mmengine marks what a leaf inherits from another package."""
    if isinstance(node, dict):
        return {
            key: without_scope(value)
            for key, value in node.items()
            if key != '_scope_'
        }
    return node


def has_delete_key(node):
    if isinstance(node, dict):
        return '_delete_' in node or any(map(has_delete_key, node.values()))
    return isinstance(node, (list, tuple)) and any(map(has_delete_key, node))


@pytest.mark.parametrize('path', STOCK)
def test_blend_takes_layout_and_classes_from_stock(path):
    layout, _, num_classes = STOCK[path]
    stock, cfg = load_config(path), load_config(path, ['shapmix'])
    assert cfg.model.data_preprocessor.to_dict() == dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending', num_classes=num_classes, layout=layout
        ),
    )
    assert cfg.model.cls_head.loss_cls.to_dict() == dict(
        type='BalancedSoftmaxLoss', loss_weight=2.0
    )
    assert cfg.model.backbone == stock.model.backbone
    assert cfg.train_dataloader == stock.train_dataloader
    assert types(cfg.custom_hooks) == [
        'ClassCountsHook',
        'SaliencyHook',
        'TrainAccuracyHook',
    ]
    assert types(cfg.val_evaluator) == ['AccMetric', 'LongTailMetric']
    assert types(cfg.test_evaluator) == ['AccMetric', 'LongTailMetric']
    assert cfg.default_hooks.checkpoint.save_best == 'acc/mean_class'
    assert cfg.default_hooks.checkpoint.type == 'CheckpointHook'
    assert 'shapmix_mm' in cfg.custom_imports.imports
    assert not has_delete_key(cfg._cfg_dict)


def train_one_step(path, mixins):
    torch.manual_seed(0)
    _, num_joints, num_classes = STOCK[path]
    cfg = load_config(path, mixins)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg.model.to_dict())
    for module in model.modules():
        if getattr(module, 'needs_class_counts', False):
            module.set_class_counts(range(num_classes, 0, -1))
    data = dict(
        inputs=list(torch.randn(2, 1, 2, 8, num_joints, 3).unbind()),
        data_samples=[ActionDataSample().set_gt_label(k) for k in range(2)],
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = model.cls_head.fc.weight.detach().clone()
    losses = model.train_step(data, OptimWrapper(optimizer))
    assert torch.isfinite(losses['loss'])
    assert not torch.equal(before, model.cls_head.fc.weight)


@pytest.mark.parametrize('path', STOCK)
def test_stock_models_train_with_the_mixin(path):
    train_one_step(path, ['shapmix'])


@pytest.mark.parametrize(
    'mixins',
    [
        ['shapmix_fast'],
        ['shapmix_released'],
        ['shapmix', 'saliencylabel'],
        # Stock heads name no loss; the mixin's weight alone cannot be built.
        ['stmix'],
        ['mixup'],
        ['cutmix'],
        ['remix', 'mixedonly'],
        ['skelemix', 'balsoftmax'],
        ['tacnnmix'],
    ],
    ids=' '.join,
)
def test_every_mixin_of_a_blend_trains_a_stock_model(mixins):
    train_one_step(next(iter(STOCK)), mixins)


def test_the_parts_that_tell_the_demo_set_are_those_of_its_classes():
    mixin = Config.fromfile(find_mixin('trueparts'))
    table = mixin.model.data_preprocessor.blending.table
    assert table == [list(action.salient_parts) for action in ACTIONS]


def test_hooks_and_metrics_are_added_not_replaced():
    cfg = plain_config(
        custom_hooks=[
            dict(type='EMAHook'),
            dict(type='SaliencyHook', interval=4),
        ],
        val_evaluator=[
            dict(type='AccMetric'),
            dict(type='LongTailMetric', many=50, few=5),
        ],
    )
    with_mixins(cfg, 'shapmix')
    assert types(cfg.custom_hooks) == [
        'EMAHook',
        'SaliencyHook',
        'ClassCountsHook',
        'TrainAccuracyHook',
    ]
    assert cfg.custom_hooks[1].interval == 4
    assert [dict(item) for item in cfg.val_evaluator] == [
        dict(type='AccMetric'),
        dict(type='LongTailMetric', many=50, few=5),
    ]
    assert types(cfg.test_evaluator) == ['AccMetric', 'LongTailMetric']


def test_arguments_of_a_hook_reach_one_that_is_there(tmp_path):
    mixin = tmp_path / 'mine.py'
    mixin.write_text(
        "custom_hooks = [dict(type='SaliencyHook', clamp=True), "
        "dict(type='New', a=1), dict(type='New', a=2)]\n"
    )
    hooks = [dict(type='SaliencyHook', interval=4), dict(type='Other')]
    cfg = with_mixins(plain_config(custom_hooks=hooks), str(mixin))
    assert [dict(hook) for hook in cfg.custom_hooks] == [
        dict(type='SaliencyHook', interval=4, clamp=True),
        dict(type='Other'),
        dict(type='New', a=1),
        dict(type='New', a=2),
    ]


@pytest.mark.parametrize('part, other', [('val', 'test'), ('test', 'val')])
def test_metrics_come_where_there_are_data(part, other):
    """MMEngine's runner takes loader, loop and metric together or none."""
    gone = {f'{part}_{key}': None for key in ('dataloader', 'evaluator')}
    cfg = with_mixins(plain_config(**gone), 'balsoftmax')
    assert cfg[f'{part}_evaluator'] is None
    assert types(cfg[f'{other}_evaluator']) == ['AccMetric', 'LongTailMetric']
    saved = 'save_best' in cfg.default_hooks.checkpoint
    assert saved == (other == 'val')


@pytest.mark.parametrize(
    'hooks, want',
    [
        (None, dict(type='CheckpointHook', interval=1)),
        (
            dict(timer=dict(type='IterTimerHook')),
            dict(type='CheckpointHook', interval=1),
        ),
        (
            dict(checkpoint=dict(type='Own', interval=5)),
            dict(type='Own', interval=5),
        ),
        (dict(checkpoint=None), None),
    ],
)
def test_the_best_checkpoint_of_whatever_saves_them(hooks, want):
    cfg = plain_config()
    cfg.pop('default_hooks')
    if hooks is not None:
        cfg.default_hooks = hooks
    with_mixins(cfg, 'balsoftmax')
    found = cfg.default_hooks.checkpoint
    if want is not None:
        found = found.to_dict()
        want = dict(want, save_best='acc/mean_class')
    assert found == want


def test_the_best_checkpoint_goes_by_the_name_of_the_metric():
    own = [dict(type='LongTailMetric', prefix='lt', many=50)]
    cfg = with_mixins(plain_config(val_evaluator=own), 'balsoftmax')
    saving = cfg.default_hooks.checkpoint
    assert saving.save_best == 'lt/mean_class'
    assert HOOKS.build(saving).rules == ['greater']
    assert len(cfg.val_evaluator) == 1


@pytest.mark.parametrize(
    'names, want',
    [
        (['cbfocal', 'ce'], dict(type='CrossEntropyLoss')),
        (
            ['ldam', 'shapmix'],
            dict(type='BalancedSoftmaxLoss', loss_weight=2.0),
        ),
        (
            ['stmix', 'focal', 'ce'],
            dict(type='CrossEntropyLoss', loss_weight=2.0),
        ),
        (
            ['cbfocal', 'cb'],
            dict(
                type='ClassBalancedLoss',
                beta=0.9999,
                form='softmax',
                gamma=1.0,
            ),
        ),
    ],
)
def test_a_loss_in_the_place_of_another_has_none_of_its_arguments(names, want):
    found = with_mixins(plain_config(), *names).model.cls_head.loss_cls
    assert found.to_dict() == want


def test_a_blend_in_the_place_of_another_has_none_of_its_arguments():
    blending = dict(
        type='RemixBlending', kappa=2.0, keep_originals=False, num_classes=7
    )
    cfg = plain_config()
    cfg.model.data_preprocessor = dict(
        type='ActionDataPreprocessor', blending=blending
    )
    with_mixins(cfg, 'remix')
    assert cfg.model.data_preprocessor.blending.kappa == 2.0
    found = with_mixins(cfg, 'stmix').model.data_preprocessor.blending
    want = dict(type='STMixBlending', num_classes=7, layout='coco')
    assert found.to_dict() == want


def test_class_weights_do_not_reach_the_loss_in_their_place():
    cfg = plain_config()
    cfg.model.cls_head.loss_cls = dict(
        class_weight=[1.0, 2.0], loss_weight=3.0
    )
    with_mixins(cfg, 'balsoftmax')
    assert cfg.model.cls_head.loss_cls.to_dict() == dict(
        type='BalancedSoftmaxLoss', loss_weight=3.0
    )


@pytest.mark.parametrize(
    'names', [('stmix', 'balsoftmax'), ('shapmix', 'balsoftmax')]
)
def test_order_of_mixins_does_not_matter(names):
    one = with_mixins(plain_config(), *names)
    other = with_mixins(plain_config(), *reversed(names))
    assert one.model == other.model
    assert one.model.cls_head.loss_cls.to_dict() == dict(
        type='BalancedSoftmaxLoss', loss_weight=2.0
    )
    for key in ('custom_hooks', 'val_evaluator', 'test_evaluator'):
        assert sorted(types(one[key])) == sorted(types(other[key]))
    assert one.default_hooks == other.default_hooks


def test_a_mixin_twice_is_a_mixin_once():
    once = with_mixins(plain_config(), 'shapmix')
    twice = with_mixins(plain_config(), 'shapmix', 'shapmix')
    assert once.to_dict() == twice.to_dict()


def test_no_delete_key_is_left_where_there_was_nothing_to_delete(tmp_path):
    mixin = tmp_path / 'mine.py'
    mixin.write_text(
        'model = dict(cls_head=dict(_delete_=True, type="I3DHead"))\n'
        'optim_wrapper = dict(optimizer=dict(_delete_=True, type="Adam"))\n'
        'tta = dict(a=[dict(_delete_=True, type="B")])\n'
    )
    cfg = with_mixins(plain_config(), str(mixin))
    assert not has_delete_key(cfg._cfg_dict)
    assert cfg.model.cls_head.to_dict() == dict(type='I3DHead')
    assert cfg.optim_wrapper.to_dict() == dict(optimizer=dict(type='Adam'))


@pytest.mark.parametrize('mixin', ['crt', 'taunorm'])
def test_a_second_stage_of_a_loop_by_iterations_is_refused(mixin):
    cfg = plain_config(train_cfg=dict(type='IterBasedTrainLoop', max_iters=20))
    with pytest.raises(ValueError, match='trains for epochs .* iterations'):
        with_mixins(cfg, mixin)


@pytest.mark.parametrize(
    'mixin, kind',
    [('crt', EpochBasedTrainLoop), ('taunorm', SteplessTrainLoop)],
)
def test_a_second_stage_of_a_loop_without_a_type(mixin, kind):
    cfg = plain_config(train_cfg=dict(by_epoch=True, max_epochs=20))
    loop = with_mixins(cfg, mixin).train_cfg
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = Runner.build_train_loop(
            SimpleNamespace(_train_dataloader=DataLoader([0])), loop
        )
    assert type(built) is kind
    assert built.max_epochs == (10 if mixin == 'crt' else 1)


def test_an_unknown_mixin_lists_the_known():
    with pytest.raises(FileNotFoundError) as error:
        find_mixin('shapmax')
    assert str(error.value).startswith('--with shapmax: ')
    known = str(error.value).rpartition('known are ')[2].split(', ')
    assert {'balsoftmax', 'shapmix', 'stmix'} <= set(known)
    assert 'default_runtime' not in known


def test_a_missing_config_file_is_named():
    with pytest.raises(FileNotFoundError, match='config file no/such.py'):
        load_config('no/such.py')


@pytest.mark.parametrize(
    'text, why',
    [
        ('model = dict(\n', "no valid Python in line 1, 'model = dict\\('"),
        ("_base_ = 'base.py'\n", "no valid Python in line 1, 'a = \\['"),
        ('a = b\n', "cannot be read: NameError: name 'b' is not defined"),
    ],
)
def test_a_config_that_is_none_is_named(tmp_path, text, why):
    (tmp_path / 'base.py').write_text('a = [')
    config = tmp_path / 'bad.py'
    config.write_text(text)
    with pytest.raises(ValueError, match=f'^config {config}.* {why}'):
        load_config(str(config))


def test_a_config_without_layout_or_classes_is_told_what_to_add():
    cfg = plain_config()
    del cfg.model.backbone.graph_cfg
    with pytest.raises(ValueError, match='backbone.graph_cfg.layout'):
        with_mixins(cfg, 'stmix')
    cfg = plain_config()
    del cfg.model.cls_head.num_classes
    with pytest.raises(ValueError, match='model.cls_head.num_classes'):
        with_mixins(cfg, 'stmix')


STICK = dict(
    num_node=3,
    center=0,
    inward=[(1, 0), (2, 1)],
    parts=dict(low=[0], mid=[1], top=[2]),
)


def test_the_layout_of_the_dataset_where_the_graph_has_no_parts(tmp_path):
    cfg = plain_config(
        train_dataloader=dict(
            dataset=dict(
                type='RepeatDataset',
                dataset=dict(type='LongTailedPoseDataset', layout=STICK),
            )
        )
    )
    # All that a stock graph takes.
    graph = {key: STICK[key] for key in ('num_node', 'center', 'inward')}
    cfg.model.backbone.graph_cfg = dict(layout=graph)
    with_mixins(cfg, 'shapmix')
    assert cfg.model.data_preprocessor.blending.layout == STICK
    assert cfg.model.backbone.graph_cfg.layout == graph
    cfg.pop('train_dataloader'), cfg.model.pop('data_preprocessor')
    with pytest.raises(ValueError, match='write model = ') as error:
        with_mixins(cfg, 'shapmix')
    told = re.search(r'write (model = .*), with a name', str(error.value))
    (tmp_path / 'mine.py').write_text(told[1])
    with_mixins(cfg, str(tmp_path / 'mine.py'), 'shapmix')
    assert cfg.model.data_preprocessor.blending.layout == 'nw-ucla'
    assert cfg.model.backbone.graph_cfg.layout == graph


def test_a_dict_of_a_mixin_takes_the_place_of_a_name(tmp_path):
    mixin = tmp_path / 'mine.py'
    mixin.write_text(
        f'layout = {STICK!r}\n'
        'model = dict(backbone=dict(graph_cfg=dict(layout=layout)), '
        'cls_head=dict(init_cfg=dict(_delete_=True, type="Normal")))\n'
    )
    cfg = plain_config()
    with_mixins(cfg, str(mixin), 'shapmix')
    assert cfg.model.backbone.graph_cfg.layout == STICK
    assert cfg.model.data_preprocessor.blending.layout == STICK
    assert cfg.model.backbone.type == 'STGCN'
    assert not has_delete_key(cfg._cfg_dict)


def test_a_loss_alone_needs_neither_layout_nor_classes():
    cfg = plain_config()
    del cfg.model.backbone.graph_cfg, cfg.model.cls_head.num_classes
    with_mixins(cfg, 'balsoftmax')
    assert cfg.model.cls_head.loss_cls.type == 'BalancedSoftmaxLoss'
    assert 'data_preprocessor' not in cfg.model


def test_what_the_blend_states_itself_wins():
    cfg = plain_config()
    del cfg.model.backbone.graph_cfg
    cfg.model.data_preprocessor = dict(
        type='ActionDataPreprocessor',
        mean=[1.0],
        blending=dict(num_classes=9, layout='openpose', mixup_prob=0.5),
    )
    with_mixins(cfg, 'stmix')
    assert cfg.model.data_preprocessor.to_dict() == dict(
        type='ActionDataPreprocessor',
        mean=[1.0],
        blending=dict(
            type='STMixBlending',
            num_classes=9,
            layout='openpose',
            mixup_prob=0.5,
        ),
    )


@pytest.mark.parametrize(
    'imports, expected',
    [
        ('my.models', ['my.models', 'shapmix_mm']),
        (['my.models'], ['my.models', 'shapmix_mm']),
        (('my.models',), ['my.models', 'shapmix_mm']),
        (['shapmix_mm', 'my.models'], ['shapmix_mm', 'my.models']),
        (None, ['shapmix_mm']),
    ],
)
def test_custom_imports_are_joined(imports, expected):
    cfg = plain_config(
        custom_imports=dict(imports=imports, allow_failed_imports=True)
    )
    with_mixins(cfg, 'shapmix')
    assert cfg.custom_imports.imports == expected
    assert cfg.custom_imports.allow_failed_imports


def test_the_merged_config_survives_a_dump(tmp_path):
    cfg = load_config(STGCN, ['shapmix'])
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


def test_the_leaf_of_the_readme_equals_the_mixin(tmp_path):
    assert len(LEAF.splitlines()) <= 10
    path = tmp_path / 'stgcn_shapmix_ntu60.py'
    path.write_text(LEAF)
    leaf, merged = load_config(str(path)), load_config(STGCN, ['shapmix'])
    assert without_scope(leaf.model.to_dict()) == merged.model.to_dict()
    assert types(leaf.custom_hooks) == types(merged.custom_hooks)
    assert types(leaf.val_evaluator) == ['LongTailMetric']
    assert types(leaf.test_evaluator) == ['LongTailMetric']
    assert (
        without_scope(leaf.train_dataloader.to_dict())
        == merged.train_dataloader.to_dict()
    )
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(leaf.model.to_dict())
    assert type(model.data_preprocessor.blending).__name__ == (
        'ShapMixBlending'
    )


def test_the_readme_shows_this_leaf():
    assert LEAF in README.read_text(encoding='utf-8')
