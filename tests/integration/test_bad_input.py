"""Bad input ends in one clear error before the first training step."""

import os
import pickle

import numpy as np
import pytest
from mmengine.hooks import Hook

SET = "train_dataloader['dataset']."
BLEND = "model['data_preprocessor']['blending']."


class NoStep(Hook):
    """Fails when training begins: the error has to come before."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        pytest.fail('a training step began')


@pytest.fixture
def refuse(build):
    """Function that expects an error before training and returns its text."""

    def check(error, ann_file, extra='', **kwargs):
        with pytest.raises(error) as info:
            runner = build(ann_file, extra, **kwargs)
            runner.register_hook(NoStep())
            runner.train()
        return str(info.value)

    return check


def sample(data, name):
    return next(a for a in data['annotations'] if a['frame_dir'] == name)


def first_not_finite(data):
    sample(data, 'train_1_2')['keypoint'][0, 3, 2, 1] = np.nan


def label_nine(data):
    sample(data, 'train_0_1')['label'] = 9


def negative_label(data):
    sample(data, 'train_0_1')['label'] = -1


def no_such_part(data):
    data.update(classes=list('abcd'), salient_parts=dict(b=['part9']))


def no_class_two(data):
    data['split']['train'] = [
        name for name in data['split']['train'] if '_2_' not in name
    ]


def no_splits(data):
    del data['split']


@pytest.mark.parametrize(
    'change, extra, error, words',
    [
        (
            None,
            SET + "update(split='xsub')",
            KeyError,
            ['stick.pkl', "'xsub'", "['test', 'train']"],
        ),
        (no_splits, '', KeyError, ['stick.pkl', "'train'"]),
        (
            label_nine,
            SET + 'update(num_classes=4)',
            ValueError,
            ['train_0_1', 'stick.pkl', 'label 9', '0..3'],
        ),
        (label_nine, '', ValueError, ['4, 5, 6, 7, 8 of 10 without']),
        (
            no_such_part,
            SET + 'update(layout=LAYOUT)',
            ValueError,
            ['salient_parts', 'stick.pkl', "'part9'", "'b'", 'part0, part1'],
        ),
        (negative_label, '', ValueError, ['train_0_1', 'label -1']),
        (no_class_two, '', ValueError, ['class 2', 'stick.pkl']),
        (
            no_class_two,
            SET + "update(type='PoseDataset')",
            ValueError,
            ['class 2'],
        ),
        (
            first_not_finite,
            '',
            ValueError,
            ['train_1_2', 'stick.pkl', 'not finite', 'drop_invalid=True'],
        ),
        (
            first_not_finite,
            SET + "update(type='PoseDataset')",
            ValueError,
            ['train_1_2', 'not finite', 'drop_invalid=True'],
        ),
    ],
)
def test_bad_annotations(refuse, write_stick, change, extra, error, words):
    text = refuse(error, write_stick(change=change), extra)
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    'extra, error, words',
    [
        (
            BLEND + "update(layout='nturgb+d')",
            ValueError,
            ['6 joints', 'nturgb+d', '25'],
        ),
        (
            SET + "update(layout='nturgb+d')",
            ValueError,
            ['train_0_0', '6 joints', 'nturgb+d', '25'],
        ),
        (
            BLEND + 'update(layout=dict(LAYOUT, parts=[[0, 1], [2], [3], [4], '
            '[4, 5]]))',
            ValueError,
            ['parts', '4'],
        ),
        (
            BLEND
            + 'update(layout=dict(LAYOUT, parts=[[0, 1], [2], [3], [4]]))',
            ValueError,
            ['parts', '5'],
        ),
        (
            BLEND + "update(layout='ntu')",
            (KeyError, ValueError),
            ["'ntu'", 'nturgb+d'],
        ),
        (
            SET + 'update(longtail=dict(imbalance=0.5))',
            ValueError,
            ['imbalance', '0.5'],
        ),
        (
            SET + "update(longtail=dict(profile='counts', counts=[3, 2]))",
            ValueError,
            ['counts', '2', '4'],
        ),
        (
            SET + 'update(longtail=dict(imbalanse=10))',
            ValueError,
            ["'imbalanse', did you mean 'imbalance'?"],
        ),
        (
            BLEND + 'update(num_classes=5)',
            ValueError,
            ['ShapMixBlending', '(5,)', '(4,)'],
        ),
        (
            'val_evaluator[1].update(class_counts=[5, 4, 3])',
            ValueError,
            ['LongTailMetric', '3 classes', '4 classes'],
        ),
        (BLEND + 'update(sizes=(0, 2))', ValueError, ['sizes', '1..4']),
        (BLEND + 'update(sizes=(2, 5))', ValueError, ['sizes', '1..4']),
        (
            BLEND + 'update(temporal_ratio=(0., 0.5))',
            ValueError,
            ['temporal_ratio', '(0.0, 0.5)'],
        ),
        (
            BLEND + 'update(temporal_ratio=(0.5, 1.5))',
            ValueError,
            ['temporal_ratio', '(0.5, 1.5)'],
        ),
        (BLEND + 'update(taau=0.2)', TypeError, ['taau']),
        (
            "custom_hooks[1]['warmup_epochs'] = 2",
            ValueError,
            ['warmup_epochs=2', '6 iterations'],
        ),
        (
            "custom_hooks[1]['warmup_epochs'] = 5",
            ValueError,
            ['warmup_epochs=5', '15 iterations', 'only 6'],
        ),
        (
            "model['data_preprocessor']['blending'] = dict("
            "type='RandomBatchAugment', augments=dict("
            "type='ShapMixBlending', num_classes=4, layout=LAYOUT))",
            ValueError,
            ['RandomBatchAugment', 'data_preprocessor.blending'],
        ),
        ('custom_hooks = custom_hooks[1:]', ValueError, ['ClassCountsHook']),
        (
            "pipeline[:0] = [dict(type='CheckJoints', layout=LAYOUT, "
            'num_person=1)]',
            ValueError,
            ['_1', '2 persons', 'takes 1', 'KeepMainPersons'],
        ),
    ],
)
def test_bad_settings(refuse, write_stick, extra, error, words):
    text = refuse(error, write_stick(), extra)
    for word in words:
        assert word in text, text


def test_missing_and_truncated_annotation_files(refuse, write_stick, tmp_path):
    text = refuse(FileNotFoundError, tmp_path / 'nowhere.pkl')
    assert 'nowhere.pkl' in text and 'ntu60_3d.pkl' in text
    assert 'make demo' in text
    path = write_stick()
    path.write_bytes(path.read_bytes()[:5000])
    assert f'{path} is cut short' in refuse(ValueError, path)


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_hostile_annotation_file_runs_nothing(refuse, write_stick, tmp_path):
    trap = tmp_path / 'trap'
    path = write_stick(change=lambda data: data.update(classes=Payload(trap)))
    text = refuse(ValueError, path)
    assert str(path) in text and 'mkdir' in text
    assert 'nothing of it was run' in text
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists(), 'the trap would have worked'


@pytest.fixture
def five_classes(write_stick, write_config, tool, tmp_path):
    """A checkpoint of five classes."""

    def fifth(data):
        for part in ('train', 'test'):
            for a in data['annotations']:
                if a['frame_dir'] in (f'{part}_0_0', f'{part}_1_0'):
                    a['label'] = 4

    cfg = write_config(
        write_stick('five.pkl', change=fifth),
        "model['cls_head']['num_classes'] = 5\n"
        + BLEND
        + 'update(num_classes=5)',
        name='five.py',
    )
    tool('train', cfg, '--work-dir', tmp_path / 'five')
    return tmp_path / 'five' / 'epoch_1.pth'


def test_a_checkpoint_of_other_classes(
    five_classes, write_stick, write_config, tool, tmp_path
):
    cfg = write_config(write_stick())
    for args, said, shapes in (
        (
            ('train', cfg, '--resume', five_classes),
            f'error: {five_classes} is of another number of classes',
            ('(5, 8)', '(4, 8)'),
        ),
        (
            ('test', cfg, five_classes),
            f'error: checkpoint {five_classes} does not fit the config: size '
            'mismatch for cls_head.fc',
            ('[5', '[4'),
        ),
    ):
        result = tool(*args, '--work-dir', tmp_path / 'run', ok=False)
        last = result.out.strip().splitlines()[-1]
        assert result.rc == 1
        assert last.startswith(said), result.out[-3000:]
        assert all(shape in last for shape in shapes)
    assert not list((tmp_path / 'run').glob('*.pth'))


@pytest.mark.parametrize(
    'args, words',
    [
        (
            ['--with', 'shapmixx'],
            ['error: --with shapmixx', 'balsoftmax, ', 'shapmix, '],
        ),
        (
            ['--cfg-options', 'train_dataloader.dataset.ann_file=nowhere.pkl'],
            [
                'error: ',
                'train_dataloader',
                'nowhere.pkl',
                'ntu60_3d.pkl',
                'make demo',
            ],
        ),
        (
            ['--cfg-options', 'model.data_preprocessor.blending.taau=0.2'],
            ['error: ', 'taau'],
        ),
        (
            ['--cfg-options', 'custom_hooks.1.warmup_epochs=9'],
            ['error: ', 'warmup_epochs=9'],
        ),
        (['--resume', 'nowhere.pth'], ['error: ', 'nowhere.pth']),
        (['--cfg-options', '+a.b=1'], ['error: --cfg-options +a.b', 'KEY']),
        (
            [
                '--cfg-options',
                'train_dataloader.batch_size=512',
                'train_dataloader.drop_last=True',
            ],
            ['error: the training takes no step', '512', 'samples'],
        ),
    ],
)
def test_the_command_ends_with_the_error(
    write_stick, write_config, tool, tmp_path, args, words
):
    cfg = write_config(write_stick())
    result = tool(
        'train', cfg, '--work-dir', tmp_path / 'run', *args, ok=False
    )
    assert result.rc == 1
    last = result.out.strip().splitlines()[-1]
    for word in words:
        assert word in last, result.out[-3000:]
    assert 'Epoch(train)' not in result.out


def test_a_config_that_does_not_exist(tool, tmp_path):
    result = tool('train', tmp_path / 'none.py', ok=False)
    assert 'none.py does not exist' in result.out.splitlines()[-1]
