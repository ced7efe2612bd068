"""Pictures of mixtures from a config, and what is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import show_mixing as tool
import torch
from mmaction.registry import MODELS
from PIL import Image

from shapmix_mm.models.blending import SkeletonBlending

TOOL = tool.__file__
LAYOUT = """dict(name='stick', num_node=6, center=0,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
    parts=[[0, 1], [2], [3], [4], [5]])"""
CONFIG = """
default_scope = 'mmaction'
model = dict(type='RecognizerGCN', cls_head=dict(num_classes=2),
             data_preprocessor=dict(type='ActionDataPreprocessor', {blend}))
train_dataloader = dict(dataset=dict(
    type='PoseDataset', ann_file={file!r}, split='train', pipeline=[
        dict(type='UniformSampleFrames', clip_len=8), dict(type='PoseDecode'),
        {feats} dict(type='FormatGCNInput', num_person=1),
        dict(type='PackActionInputs')]))
"""
BLEND = 'blending=dict(type={!r}, num_classes=2, layout={})'


@pytest.fixture
def config(tmp_path):
    """Function that writes a config over five clips of two classes."""
    rng = np.random.default_rng(0)
    annotations = [
        dict(
            frame_dir=f's{i}',
            label=i % 2,
            total_frames=12,
            keypoint=rng.normal(size=(1, 12, 6, 3)).astype(np.float32),
        )
        for i in range(5)
    ]
    split = dict(train=[a['frame_dir'] for a in annotations])
    file = tmp_path / 'stick.pkl'
    file.write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))

    def write(blend='ShapMixBlending', layout=LAYOUT, feats='', file=file):
        text = CONFIG.format(
            blend=BLEND.format(blend, layout) if blend else '',
            file=str(file),
            feats=feats,
        )
        path = tmp_path / 'cfg.py'
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def checkpoint(tmp_path):
    """Function that saves the state of a blend that is sure of itself."""

    def save(joints=6, columns=20, value=1e6):
        prefix = 'data_preprocessor.blending.'
        values = torch.zeros(2, columns)
        values[:, 0] = value
        state = {
            'saliency.values': values,
            'saliency.updates': torch.ones(2, columns),
            'class_counts': torch.tensor([3.0, 2.0]),
            'mean_pose': torch.zeros(1, joints, 3),
            'guided': torch.ones(()),
        }
        path = tmp_path / 'c.pth'
        state = {prefix + k: v for k, v in state.items()}
        torch.save(dict(state_dict=state, meta={}), path)
        return str(path)

    return save


def test_pictures_of_random_pairs(config, tmp_path, capsys):
    out = tmp_path / 'a' / 'out'
    tool.main([config(), '--out', str(out), '--count', '2', '--seed', '1'])
    names = sorted(p.name for p in out.iterdir())
    stems = {n.rsplit('.', 1)[0] for n in names}
    assert len(names) == 4 and len(stems) == 2
    for path in out.glob('*.gif'):
        with Image.open(path) as image:
            assert image.n_frames == 8
    printed = capsys.readouterr().out
    assert 'mixing is random' in printed
    assert all(str(out / name) in printed for name in names)


def test_the_same_seed_draws_the_same_pictures(config, tmp_path):
    drawn = []
    for folder in ('a', 'b', 'c'):
        seed = '2' if folder == 'c' else '1'
        options = ['--no-gif', '--count', '1', '--seed', seed]
        out = tmp_path / folder
        tool.main([config(), '--pair', '1', '2', '--out', str(out), *options])
        drawn.append((out / 'mix_0_1_2.png').read_bytes())
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_checkpoint_guides_the_mixing(
    config, checkpoint, tmp_path, monkeypatch
):
    seen = []
    monkeypatch.setattr(
        tool, 'plot_mixed_sample', lambda **kwargs: seen.append(kwargs)
    )
    # Partner 1 is of the rarer class: its parts 0 and 1 are pasted, always.
    arguments = [
        *(config(), '--pair', '0', '1', '--count', '12', '--no-gif'),
        *('--out', str(tmp_path / 'o'), '--checkpoint', checkpoint()),
        *('--cfg-options', 'model.data_preprocessor.blending.tau=0.001'),
    ]
    tool.main(arguments)
    cut = [k for k in seen if set(np.unique(k['weights'])) == {0, 1}]
    assert len(seen) == 12 and len(cut) >= 5
    for kwargs in cut:
        pasted = np.flatnonzero(kwargs['weights'].any((0, 1)))
        assert pasted.tolist() == [0, 1, 2]
        share = kwargs['weights'].mean()
        np.testing.assert_allclose(
            kwargs['label'], [1 - share, share], rtol=1e-5
        )


NAMES = ('head', 'left_arm', 'right_arm', 'left_leg', 'right_leg')
BLENDS = sorted(
    name
    for name, cls in MODELS.module_dict.items()
    if isinstance(cls, type)
    and issubclass(cls, SkeletonBlending)
    # Views of a clip are mixed in pairs, which is no single mixture.
    and cls.num_clips == 1
)


@pytest.mark.parametrize('blend', BLENDS)
def test_every_blend_can_be_shown(config, tmp_path, monkeypatch, blend):
    seen = []
    monkeypatch.setattr(
        tool, 'plot_mixed_sample', lambda **kwargs: seen.append(kwargs)
    )
    # TaCNNMixBlending asks for its parts by name.
    parts = [f'{n}=[{i}]' for i, n in enumerate(NAMES, 1)]
    named = f'dict(body=[0], {", ".join(parts)})'
    layout = LAYOUT.replace(LAYOUT[LAYOUT.index('[[') : -1], named)
    path, out = config(blend, layout), str(tmp_path / 'o')
    tool.main([path, '--out', out, '--count', '3', '--no-gif'])
    assert len(seen) == 3
    for shown in seen:
        # What the sample itself keeps of the label is its class's share.
        assert shown['label'][shown['own_class']] > 0
        weight = shown['weights'][..., None]
        other = shown['partner'][:, shown['source']]
        np.testing.assert_allclose(
            shown['mixed'],
            (1 - weight) * shown['own'] + weight * other,
            atol=1e-5,
        )
        assert shown['label'].sum() == pytest.approx(1)


def test_counts_that_no_checkpoint_brings_are_the_training_sets(
    config, tmp_path, monkeypatch
):
    kept = []
    build = tool.build_blend
    monkeypatch.setattr(
        tool, 'build_blend', lambda *args: kept.append(build(*args)) or kept[0]
    )
    out = str(tmp_path / 'o')
    tool.main([config('RemixBlending'), '--out', out, '--no-gif'])
    assert kept[0].class_counts.tolist() == [3, 2]


def test_index_keeps_the_sample_and_changes_the_partner():
    args = tool.parse_args(['c', '--index', '3', '--count', '50'])
    pairs = tool.choose_pairs(args, 5)
    assert {a for a, _ in pairs} == {3}
    assert {b for _, b in pairs} == {0, 1, 2, 4}


@pytest.mark.parametrize(
    'options, words',
    [
        (['--index', '5'], r'index 5 is out of range.* 5 samples, 0 to 4'),
        (['--pair', '0', '7'], 'index 7 is out of range'),
    ],
)
def test_bad_numbers(config, tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        tool.main([config(), '--out', str(tmp_path / 'o'), *options])


@pytest.mark.parametrize(
    'options, words',
    [(['--index', 5], 'index 5'), (['--cfg-options', '+a.b=1'], 'KEY.KEY')],
)
def test_the_command_ends_with_the_error(
    run, config, tmp_path, options, words
):
    with pytest.raises(SystemExit, match=rf'^error: .*{words}'):
        run(config(), '--out', tmp_path / 'o', *options)


def test_a_config_without_a_blend(config):
    with pytest.raises(ValueError, match='--with shapmix'):
        tool.main([config(blend=None)])


def test_a_mixin_brings_the_blend(config, tmp_path):
    path = config(blend=None)
    layout = f'model["backbone"] = dict(graph_cfg=dict(layout={LAYOUT}))'
    Path(path).write_text(Path(path).read_text() + layout)
    out = tmp_path / 'o'
    tool.main(
        [
            path,
            '--with',
            'stmix',
            '--out',
            str(out),
            '--count',
            '1',
            '--no-gif',
        ]
    )
    assert len(list(out.iterdir())) == 1


def test_a_missing_annotation_file(config, tmp_path):
    with pytest.raises(FileNotFoundError, match='absent.pkl does not exist'):
        tool.main([config(file='absent.pkl'), '--out', str(tmp_path / 'o')])


def test_output_that_cannot_be_written(config, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(ValueError, match='file takes no file'):
        tool.main([config(), '--out', str(tmp_path / 'file')])


def test_checkpoints_that_do_not_fit(config, checkpoint, tmp_path):
    def load(path):
        tool.main([config(), '--out', str(tmp_path), '--checkpoint', path])

    with pytest.raises(ValueError, match='mean pose has 7 joints'):
        load(checkpoint(joints=7))
    with pytest.raises(ValueError, match='other classes, parts'):
        load(checkpoint(columns=10))
    with pytest.raises(ValueError, match='not finite for class 0, 1'):
        load(checkpoint(value=torch.nan))
    torch.save(dict(state_dict={'a': torch.ones(1)}), tmp_path / 'p.pth')
    with pytest.raises(ValueError, match='no state of a ShapMixBlending'):
        load(str(tmp_path / 'p.pth'))
    with pytest.raises(FileNotFoundError, match='gone.pth does not exist'):
        load(str(tmp_path / 'gone.pth'))


def test_motion_alone_is_refused(config, tmp_path):
    feats = f"dict(type='SkeletonFeatures', layout={LAYOUT}, feats=['jm']),"
    with pytest.raises(ValueError, match='hold no positions'):
        tool.main([config(feats=feats), '--out', str(tmp_path / 'o')])
