"""The page for own skeletons, followed from top to bottom as it stands."""

import csv
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.visualization import ActionVisualizer

from shapmix_mm import cli
from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets.pose_file import read_pose_file
from shapmix_mm.serialization import load_results

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'own_data.md'
# Eleven joints, y up, facing +z, the person's left at +x.
JOINTS = {
    'Root': ('', (0, 0.9, 2)),
    'Chest': ('Root', (0, 1.4, 2)),
    'Skull': ('Chest', (0, 1.7, 2)),
    'ShoulderL': ('Chest', (0.2, 1.4, 2)),
    'HandL': ('ShoulderL', (0.5, 1.0, 2)),
    'ShoulderR': ('Chest', (-0.2, 1.4, 2)),
    'HandR': ('ShoulderR', (-0.5, 1.0, 2)),
    'HipL': ('Root', (0.15, 0.9, 2)),
    'FootL': ('HipL', (0.15, 0, 2)),
    'HipR': ('Root', (-0.15, 0.9, 2)),
    'FootR': ('HipR', (-0.15, 0, 2)),
}
COUNTS = dict(wave=8, kick=4, nod=2)
HELD_OUT = 2
MOVING = dict(wave='HandL', kick='FootR', nod='Skull')


def make_clips():
    generator = np.random.default_rng(0)
    body = np.array([place for _, place in JOINTS.values()])
    for label, count in COUNTS.items():
        for number in range(count + HELD_OUT):
            frames = int(generator.integers(16, 24))
            pose = body + generator.normal(0, 0.01, (frames, len(JOINTS), 3))
            swing = np.sin(np.linspace(0, 6, frames) + generator.uniform())
            pose[:, list(JOINTS).index(MOVING[label]), 2] += 0.3 * swing
            split = 'train' if number < count else 'val'
            yield f'{label}{number:02}', label, split, pose.round(4)


def write_table(path, header, rows):
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture(scope='module')
def followed(tmp_path_factory):
    """Folder in which every block of the page has been run."""
    folder = tmp_path_factory.mktemp('own')
    clips = list(make_clips())
    write_table(
        folder / 'joints.csv',
        ['joint', 'parent'],
        [(name, parent) for name, (parent, _) in JOINTS.items()],
    )
    write_table(
        folder / 'labels.csv',
        ['clip', 'label', 'split'],
        [clip[:3] for clip in clips],
    )
    np.savez(folder / 'clips.npz', **{clip[0]: clip[3] for clip in clips})
    write_table(
        folder / 'clips.csv',
        ['clip', 'label', 'split', 'frame', 'joint', 'x', 'y', 'z'],
        (
            (name, label, split, t, joint, *pose[t, v])
            for name, label, split, pose in clips
            for t in range(len(pose))
            for v, joint in enumerate(JOINTS)
        ),
    )
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        text = PAGE.read_text(encoding='utf-8')
        for kind, block in re.findall(
            r'```(bash|python)\n(.*?)```', text, re.S
        ):
            run_block(kind, block)
    torch.set_num_threads(threads)
    return folder


def run_block(kind, block):
    named = re.match(r'# (\S+\.py)\n', block)
    if named:
        Path(named[1]).write_text(block)
    elif kind == 'python':
        exec(block, {})
    else:
        for line in block.replace('\\\n', ' ').splitlines():
            program, *words = shlex.split(line, comments=True)
            assert program == 'shapmix'
            # As in a process of its own: two trainings that begin within a
            # second would share one.
            ActionVisualizer._instance_dict.clear()
            assert cli.main(words) == 0, line
            if words[0] == 'new-dataset':
                make_tiny()


# What the page writes trains for minutes; so it does for seconds.
TINY = {
    'base.py': {'times=5': 'times=2'},
    'ctrgcn_ce_mine.py': {
        'backbone=dict(': 'backbone=dict(base_channels=8, num_stages=2, '
        'inflate_stages=[2], down_stages=[2],',
        'cls_head=dict(': 'cls_head=dict(in_channels=16, ',
    },
    'stgcn_ce_mine.py': {
        'base_channels=16': 'base_channels=8',
        'num_stages=6': 'num_stages=2',
        '[3, 5]': '[2]',
        'in_channels=64': 'in_channels=16',
    },
}


def make_tiny():
    for name, changes in TINY.items():
        path = Path('mine') / name
        text = path.read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)


def test_three_ways_to_the_file_agree(followed):
    files = [
        read_pose_file(str(followed / name))
        for name in ('mine.pkl', 'from_arrays.pkl', 'by_hand.pkl')
    ]
    for file in files:
        assert file.classes == ['kick', 'nod', 'wave']
        assert len(file.part('train')) == 14 and len(file.part('val')) == 6
        for clip, (name, label, _, pose) in zip(
            file.annotations, make_clips()
        ):
            assert clip['frame_dir'] == name
            assert file.classes[clip['label']] == label
            np.testing.assert_array_equal(
                clip['keypoint'], pose[None].astype(np.float32)
            )


def test_the_layout_is_proposed(followed):
    layout = load_config(str(followed / 'mine/layout.py')).layout
    numbers = {name: i for i, name in enumerate(JOINTS)}
    assert layout.parts == dict(
        trunk=[0, 1, 2],
        left_arm=[3, 4],
        right_arm=[5, 6],
        left_leg=[7, 8],
        right_leg=[9, 10],
    )
    assert sorted(map(tuple, layout.pairs)) == [
        (3, 5),
        (4, 6),
        (7, 9),
        (8, 10),
    ]
    assert {frozenset(bone) for bone in layout.inward} == {
        frozenset((numbers[child], numbers[parent]))
        for child, (parent, _) in JOINTS.items()
        if parent
    }
    assert layout.center == numbers['Chest']


def test_the_configs_say_what_the_file_tells(followed):
    cfg = load_config(str(followed / 'mine/ctrgcn_ce_mine.py'))
    data = cfg.train_dataloader.dataset.dataset
    assert (data.num_classes, data.split, data.train_split) == (
        3,
        'train',
        'train',
    )
    assert cfg.val_dataloader.dataset.split == 'val'
    metric = cfg.val_evaluator[0]
    assert (metric.many, metric.few) == (4, 4)
    assert data.pipeline[0].type == 'AlignSkeleton'
    assert cfg.model.cls_head.num_classes == 3


def test_everything_was_trained_and_told(followed):
    runs = followed / 'work_dirs'
    for name in (
        'ctrgcn_ce_mine',
        'ctrgcn_shapmix',
        'stgcn_ce_mine',
        'stgcn_shapmix',
        'bone',
    ):
        assert (runs / name / 'epoch_4.pth').is_file()
    assert len(load_results(str(followed / 'bone_scores.pkl'))) == 6
    assert (followed / 'mine.onnx').stat().st_size > 1000
    report = (runs / 'ctrgcn_shapmix/report.html').read_text()
    assert 'wave' in report and 'left_arm' in report
    assert (runs / 'ctrgcn_shapmix/saliency_bodies.png').is_file()
