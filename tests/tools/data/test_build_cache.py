"""build_cache: the command, its errors, and the command that it names."""

from __future__ import annotations

import pickle
import re
import shlex

import numpy as np
import pytest
from build_cache import EXAMPLES, main

CONFIG = """
default_scope = 'mmaction'
center = dict(type='PreNormalize3D', align_spine=False, align_shoulder=False)
train_dataloader = dict(dataset=dict(type='PoseDataset', ann_file='{file}',
    split='train', pipeline=[center, dict(type='PoseDecode')]))
val_dataloader = dict(dataset=dict(type='PoseDataset', ann_file='{file}',
    split='train', pipeline=[center]))
"""


@pytest.fixture
def source(tmp_path):
    rng = np.random.default_rng(0)
    annotations = [
        dict(
            frame_dir=f's{i}',
            label=i % 2,
            total_frames=3,
            keypoint=rng.normal(size=(1, 3, 25, 3)).astype(np.float32),
        )
        for i in range(6)
    ]
    content = dict(
        split=dict(train=[a['frame_dir'] for a in annotations]),
        annotations=annotations,
    )
    path = tmp_path / 'poses.pkl'
    path.write_bytes(pickle.dumps(content))
    return path


def normalisation_of(path):
    from shapmix_mm.datasets.cache import CacheFile

    return CacheFile(path).normalisation


def test_the_default_place_is_beside_the_file(source, capsys):
    assert main([str(source)]) == 0
    shown = capsys.readouterr()
    assert '6 samples' in shown.out and '1 splits' in shown.out
    assert 'no deterministic transform' in shown.out
    assert 'caching' in shown.err
    assert normalisation_of(source.with_suffix('.cache')) == []
    # A second time there is nothing to do.
    assert main([str(source), '--quiet']) == 0
    assert 'caching' not in capsys.readouterr().err


def test_transforms_of_a_config(source, tmp_path, capsys):
    cfg = tmp_path / 'cfg.py'
    cfg.write_text(CONFIG.format(file=source))
    out = tmp_path / 'deep' / 'c'
    args = [str(source), '--out', str(out), '--config', str(cfg)]
    assert main(args) == 0
    assert 'PreNormalize3D(align_spine=False' in capsys.readouterr().out
    expected = dict(align_spine=False, align_shoulder=False)
    assert normalisation_of(out) == [
        dict(type='PreNormalize3D', args=expected)
    ]


def test_pipelines_that_disagree_are_one_line(source, tmp_path, capsys):
    cfg = tmp_path / 'cfg.py'
    other = "test_dataloader = dict(dataset=dict(pipeline=[dict(type='P3')]))"
    other = other.replace('P3', 'PreNormalize3D')
    cfg.write_text(CONFIG.format(file=source) + other)
    assert main([str(source), '--config', str(cfg)]) == 1
    err = capsys.readouterr().err.strip()
    assert err.startswith('build_cache: ') and 'cannot serve both' in err
    assert '\n' not in err and len(list(tmp_path.iterdir())) == 2


def test_the_named_command_mends_it(source, tmp_path, capsys):
    from shapmix_mm.datasets.cache import CachedPoseDataset

    out = tmp_path / 'my c'
    step = dict(type='PreNormalize3D', align_spine=False, xaxis=[4, 8])
    assert (
        main(
            [
                str(source),
                '--out',
                str(out),
                '--normalize',
                'CheckJoints',
                'layout=nturgb+d',
            ]
        )
        == 0
    )
    with pytest.raises(ValueError) as error:
        CachedPoseDataset(str(out), [step], split='train')
    command = str(error.value).split('rebuild it with ')[1]
    words = shlex.split(command)
    assert words[:2] == ['python', 'tools/data/build_cache.py']
    assert main(words[2:]) == 0
    served = CachedPoseDataset(str(out), [step], split='train')
    assert len(served.pipeline.transforms) == 0
    assert 'body_center' in served[0]


def test_verify(source, capsys):
    cache = source.with_suffix('.cache')
    main([str(source), '--quiet'])
    assert main(['--verify', str(cache)]) == 0
    assert 'whole, 6 samples' in capsys.readouterr().out
    content = bytearray(cache.read_bytes())
    content[100] ^= 1
    cache.write_bytes(content)
    assert main(['--verify', str(cache)]) == 1
    err = capsys.readouterr().err
    assert 'its arrays are damaged; rebuild it with python' in err


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['none.pkl'], 'none.pkl does not exist'),
        (['{source}', '--config', 'none.py'], 'none.py does not exist'),
        (['{source}', '--with', 'fast_transforms'], '--config'),
        (['{source}', '--normalize', 'NoSuch'], 'no transform'),
        (['{source}', '--normalize', 'PoseDecode'], 'not known to be'),
        (['{source}', '--out', '{source}'], 'is no cache'),
        (['{source}', '--out', '{source}/c'], 'poses.pkl'),
        (['--verify', '{source}'], 'no cache'),
        (['{text}'], 'text.pkl'),
    ],
)
def test_bad_input_is_one_line(source, tmp_path, capsys, args, message):
    text = tmp_path / 'text.pkl'
    text.write_text('hello')
    args = [arg.format(source=source, text=text) for arg in args]
    assert main([*args, '--quiet']) == 1
    err = capsys.readouterr().err.strip()
    assert err.startswith('build_cache: ') and message in err
    assert '\n' not in err and '[Errno' not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        'poses.pkl',
        'text.pkl',
    ]


def test_verify_does_not_offer_to_overwrite_a_file(source, capsys):
    assert main(['--verify', str(source)]) == 1
    shown = capsys.readouterr().err
    assert f'{source} is no cache' in shown
    assert '--overwrite' not in shown


def test_an_unknown_transform_is_one_plain_line(source, capsys):
    assert main([str(source), '--normalize', 'Nope']) == 1
    assert capsys.readouterr().err == (
        "build_cache: there is no transform 'Nope'\n"
    )


def test_the_examples_can_be_pasted():
    """A line that goes on ends in a backslash."""
    examples = EXAMPLES.splitlines()
    for line, following in zip(examples, examples[1:]):
        if following.lstrip().startswith('--'):
            assert line.endswith(' \\')
    assert not any('     --' in line for line in examples)


def test_content_of_another_kind_is_one_line(
    source, tmp_path, capsys, odd_content
):
    keys, what, wanted = odd_content
    content = pickle.loads(source.read_bytes())
    path = tmp_path / 'odd.pkl'
    path.write_bytes(pickle.dumps(dict(content, **keys)))
    assert main([str(path), '--quiet']) == 1
    err = capsys.readouterr().err
    assert err.startswith('build_cache: ') and err.count('\n') == 1
    assert f'{what} ' in err and 'odd.pkl' in err and wanted in err


def test_scores_that_are_none_are_one_line(source, capsys):
    content = pickle.loads(source.read_bytes())
    content['annotations'][3]['keypoint_score'] = None
    source.write_bytes(pickle.dumps(content))
    assert main([str(source), '--quiet']) == 1
    err = capsys.readouterr().err
    assert err.count('\n') == 1 and "keypoint_score of sample 's3' of" in err
    assert 'poses.pkl' in err and not source.with_suffix('.cache').exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            'a = dict(\nb = 1\n',
            r"or .* no valid Python in line 1, 'a = dict\(",
        ),
        ("_base_ = 'base.py'\n", r"or .* no valid Python in line 1, 'a = \["),
        ('a = b\n', "cannot be read: NameError: name 'b' is not defined"),
        ('a = 1 / 0\n', 'cannot be read: ZeroDivisionError: division by'),
    ],
)
def test_a_config_that_cannot_be_read_is_one_line(
    source, tmp_path, capsys, text, message
):
    (tmp_path / 'base.py').write_text('a = [')
    cfg = tmp_path / 'bad.py'
    cfg.write_text(text)
    assert main([str(source), '--quiet', '--config', str(cfg)]) == 1
    err = capsys.readouterr().err
    assert err.count('\n') == 1
    assert re.match(f'build_cache: config .*bad.py,? {message}', err)


def test_a_mixin_that_cannot_be_read_is_named(source, tmp_path, capsys):
    cfg, mixin = tmp_path / 'cfg.py', tmp_path / 'mix.py'
    cfg.write_text(CONFIG.format(file=source))
    mixin.write_text('a = (\n')
    args = ['--quiet', '--config', str(cfg), '--with', str(mixin)]
    assert main([str(source), *args]) == 1
    err = capsys.readouterr().err
    assert f'config {mixin}, or a file that it builds on, is no' in err
