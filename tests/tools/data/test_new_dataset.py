"""new-dataset and from-arrays: 2D, hands, several persons, wrong input."""

import numpy as np
import pytest
from mmaction.registry import DATASETS

from shapmix_mm import cli
from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets.pose_file import read_pose_file

HEADER = 'clip,label,frame,joint,x,y,score,person\n'


@pytest.fixture(autouse=True)
def _there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_missing_joints_of_2d_poses_are_zero(tmp_path):
    """Numbers of classes, frames in any order, two persons."""
    rows = []
    for clip in range(8):
        for frame in (5, 3):
            for joint in range(4):
                rows.append(
                    f'c{clip},{clip % 2},{frame},{joint},{joint},{frame},0.5,a'
                )
        rows.append(f'c{clip},{clip % 2},5,2,7,8,,b')
    rows[0] = 'c0,0,5,0,,,0.9,a'
    (tmp_path / 'a.csv').write_text(HEADER + '\n'.join(rows))
    assert cli.main(['from-arrays', 'a.csv', '--out', 'a.pkl']) == 1
    words = [
        'from-arrays',
        'a.csv',
        '--out',
        'a.pkl',
        '--img-shape',
        '48',
        '64',
    ]
    assert cli.main(words) == 0
    file = read_pose_file('a.pkl')
    assert file.splits == dict(
        train=['c0', 'c1', 'c2', 'c3', 'c4', 'c5'], val=['c6', 'c7']
    )
    clip = file.annotations[0]
    assert clip['keypoint'].shape == (2, 2, 4, 2)
    assert clip['img_shape'] == (48, 64) and clip['label'] == 0
    first, second = clip['keypoint'][0]
    np.testing.assert_array_equal(first, [[0, 3], [1, 3], [2, 3], [3, 3]])
    np.testing.assert_array_equal(second, [[0, 0], [1, 5], [2, 5], [3, 5]])
    np.testing.assert_array_equal(
        clip['keypoint_score'][:, 1], [[0, 0.5, 0.5, 0.5], [0, 0, 1, 0]]
    )


def test_frames_without_anyone_are_dropped_from_2d_poses(tmp_path):
    pose = np.random.default_rng(0).uniform(1, 40, (20, 17, 2))
    gap = np.insert(pose, [7] * 6, 0, axis=0)
    names = [*'abcdefgh']
    np.savez('a.npz', **{name: gap if name == 'h' else pose for name in names})
    rows = '\n'.join(f'{n},{i % 2}' for i, n in enumerate(names))
    (tmp_path / 'l.csv').write_text('clip,label\n' + rows)
    words = ['from-arrays', 'a.npz', '--labels', 'l.csv', '--out', 'a.pkl']
    assert cli.main([*words, '--img-shape', '48', '64']) == 0
    assert cli.main(['new-dataset', 'a', 'a.pkl', '--layout', 'coco']) == 0
    cfg = load_config('a/base.py')
    val = DATASETS.build(cfg.val_dataloader.dataset)
    whole, holed = (val[i]['inputs'] for i in range(2))
    np.testing.assert_array_equal(whole, holed)
    middle = 2 * pose.mean((0, 1)) / (64, 48) - 1
    np.testing.assert_allclose(
        whole.numpy()[..., :2].mean((0, 1, 2, 3)), middle, atol=0.05
    )


def test_a_joint_lacks_all_coordinates_where_it_lacks_one(tmp_path):
    header = 'clip,label,frame,joint,x,y,z\n'
    rows = 'c,0,1,0,1,,3\nc,0,1,1,inf,2,3\nc,0,1,2,1,2,nan\nc,0,1,3,1,2,3\n'
    (tmp_path / 'a.csv').write_text(header + rows)
    assert cli.main(['from-arrays', 'a.csv', '--out', 'a.pkl']) == 0
    wanted = np.array([[[[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 2, 3]]]])
    (clip,) = read_pose_file('a.pkl').annotations
    np.testing.assert_array_equal(clip['keypoint'], wanted)
    pose = np.array([[1, np.nan, 3], [np.inf, 2, 3], [1, 2, -np.inf]])
    np.savez('a.npz', c=np.concatenate((pose, [[1, 2, 3]]))[None])
    (tmp_path / 'l.csv').write_text('clip,label\nc,0\n')
    words = ['from-arrays', 'a.npz', '--labels', 'l.csv', '--out', 'a.pkl']
    assert cli.main(words) == 0
    (clip,) = read_pose_file('a.pkl').annotations
    np.testing.assert_array_equal(clip['keypoint'], wanted)


def test_arrays_of_images_have_the_score_for_a_third_number(tmp_path):
    pose = np.random.default_rng(0).uniform(1, 9, (8, 5, 4, 3))
    pose = pose.astype(np.float32)
    np.save('a.npy', pose)
    rows = '\n'.join(f'{i},{i % 2}' for i in range(8))
    (tmp_path / 'l.csv').write_text('clip,label\n' + rows)
    words = ['from-arrays', 'a.npy', '--labels', 'l.csv', '--out', 'a.pkl']
    assert cli.main([*words, '--img-shape', '48', '64']) == 0
    clip = read_pose_file('a.pkl').annotations[3]
    np.testing.assert_array_equal(clip['keypoint'], pose[3:4, ..., :2])
    np.testing.assert_array_equal(clip['keypoint_score'], pose[3:4, ..., 2])
    assert clip['img_shape'] == (48, 64)
    assert cli.main(words) == 0
    clip = read_pose_file('a.pkl').annotations[3]
    np.testing.assert_array_equal(clip['keypoint'], pose[3:4])


@pytest.mark.parametrize('scale, third, fits', [
    (1, 1, True),
    (640, 1, False),
    (640, 640, True),
    (640, -1, True),
])  # fmt: skip
def test_scores_beside_pixels_are_no_third_coordinate(
    tmp_path, capsys, scale, third, fits
):
    pose = np.random.default_rng(0).uniform(0, 1, (8, 5, 4, 3))
    np.save('a.npy', pose * (scale, scale, third))
    rows = '\n'.join(f'{i},{i % 2}' for i in range(8))
    (tmp_path / 'l.csv').write_text('clip,label\n' + rows)
    words = ['from-arrays', 'a.npy', '--labels', 'l.csv', '--out', 'a.pkl']
    assert cli.main(words) == (0 if fits else 1)
    assert ('as pixels and scores do' in capsys.readouterr().err) is not fits
    assert cli.main([*words, '--img-shape', '480', '640']) == 0


def test_files_that_do_not_fit_are_told(tmp_path, capsys):
    def refused(text, words, said):
        (tmp_path / 'a.csv').write_text(text)
        assert cli.main([*words, '--out', 'b.pkl']) == 1
        assert said in capsys.readouterr().err
        assert not (tmp_path / 'b.pkl').exists()

    words = ['from-arrays', 'a.csv']
    refused('clip,label\n', words, "lacks the columns ['frame', 'joint'")
    refused(HEADER + 'c,0,1,hip,1,2,,\n', words, 'told by --joints')
    # A comma for the decimal point moves what follows by a column.
    refused(HEADER + 'c,0,1,0,1,5,2,5,,\n', words, 'a.csv:2: the row has')
    refused(HEADER + 'c,0,1,0,1,2,,\nc,0,1,1,1\n', words, 'a.csv:3: the row')
    refused(HEADER + 'c,,1,0,1,2,,\n', words, "clip 'c' has no label")
    refused(HEADER + 'c,0,1,0,1,z,,\n', words, "clip 'c' of a.csv: could not")
    refused(HEADER + 'c,0,1,0,1,2,,\nc,1,2,0,1,2,,\n', words, 'several labels')
    twice = "clip 'c' of a.csv has joint '0' of person 'p' twice in frame 1"
    refused(HEADER + 'c,0,1,0,1,2,,p\n' * 2, words, twice)
    ones = HEADER + 'c,1,1,0,1,2,,\nd,2,1,0,1,2,,\n'
    refused(ones, [*words, '--img-shape', '4', '4'], 'begin at 0')
    shape = ['--img-shape', '0', '4']
    assert cli.main([*words, '--out', 'b.pkl', *shape]) == 2
    assert 'greater than 0' in capsys.readouterr().err
    refused(HEADER, words, 'no clip')
    refused(HEADER + ',0,1,0,1,2,,\n', words, 'a.csv:2: the clip has no name')
    refused(HEADER, [*words, '--labels', 'a.csv'], 'a.csv has a column for')
    np.savez('a.npz', a=np.ones((2, 3, 4)))
    words = ['from-arrays', 'a.npz', '--labels', 'a.csv']
    refused('clip,label\na,0\n', words, 'has the shape (1, 2, 3, 4)')
    refused('clip,label\na,0\na,1\n', words, "a.csv has the clip 'a' twice")
    refused('clip,label\nb,0\n', words, "has the clip 'b', a.npz has not")
    (tmp_path / 'j.csv').write_text('joint,parent\nhip,\n')
    words += ['--joints', 'j.csv']
    refused('clip,label\na,0\n', words, 'a.npz holds arrays, not joints')


def test_what_is_read_is_not_written_over(tmp_path, capsys):
    np.save('a.npy', np.ones((8, 5, 4, 3)))
    (tmp_path / 'l.csv').write_text(
        'clip,label\n' + '\n'.join(f'{i},{i % 2}' for i in range(8))
    )
    (tmp_path / 'link').symlink_to(tmp_path)
    for name in ('a.npy', 'l.csv'):
        before = (tmp_path / name).read_bytes()
        words = ['from-arrays', 'a.npy', '--labels', 'l.csv', '--out']
        assert cli.main([*words, f'link/{name}']) == 1
        assert f'link/{name} is read' in capsys.readouterr().err
        assert (tmp_path / name).read_bytes() == before


def test_a_hand_without_names(tmp_path, capsys):
    """Bones are guessed, clips are moved to the centre alone."""
    generator = np.random.default_rng(0)
    bones = [
        (f * 3 + i, f * 3 + i - 1 if i > 1 else 0)
        for f in range(4)
        for i in (1, 2, 3)
    ]
    poses = np.full((8, 40, 13, 3), 4.0)
    for child, parent in bones:
        step = generator.normal(size=(8, 40, 3))
        step /= np.linalg.norm(step, axis=2, keepdims=True)
        poses[:, :, child] = poses[:, :, parent] + step
    np.save('hand.npy', poses)
    rows = '\n'.join(f'{i},{i % 2}' for i in range(8))
    (tmp_path / 'l.csv').write_text('clip,label\n' + rows)
    words = ['from-arrays', 'hand.npy', '--labels', 'l.csv', '--out', 'h.pkl']
    assert cli.main(words) == 0
    assert 'whoever is seen in it' in capsys.readouterr().out
    assert cli.main(['new-dataset', 'hand', 'h.pkl', '--layout-only']) == 0
    printed = capsys.readouterr().out
    assert 'Bones are guessed' in printed and 'sides' not in printed
    assert not (tmp_path / 'hand').exists()
    assert cli.main(['new-dataset', 'data/hand', 'h.pkl']) == 1
    assert 'data/hand is a path' in capsys.readouterr().err
    assert not (tmp_path / 'data').exists()
    assert cli.main(['new-dataset', 'hand', 'h.pkl']) == 0
    layout = load_config('hand/layout.py').layout
    assert {frozenset(b) for b in layout.inward} == set(map(frozenset, bones))
    assert layout.parts.trunk == [0] and len(layout.parts) == 5
    first = load_config('hand/stgcn_ce_hand.py').train_pipeline[0]
    assert first.type == 'KinectV1Normalize' and first.center == 0
    assert cli.main(['new-dataset', 'hand', 'h.pkl']) == 1
    assert "has ['layout.py', " in capsys.readouterr().err
    # Mended by hand, or from another set, it serves as those built in do.
    words = ['new-dataset', 'again', 'h.pkl', '--layout']
    assert cli.main([*words, 'hand/layout.py']) == 0
    assert load_config('again/layout.py').layout == layout
    capsys.readouterr()
    (tmp_path / 'none.py').write_text('joints = 20\n')
    words[1] = 'more'
    assert cli.main([*words, 'none.py']) == 1
    assert 'none.py has no layout' in capsys.readouterr().err


@pytest.mark.parametrize(
    'counts, expected',
    [
        ([300, 150, 50, 10], (100, 20)),
        ([60, 20, 4], (20, 20)),
        ([12, 11, 10, 9, 8, 7], (10, 9)),
        ([40, 4], (4, 4)),
        ([5], (5, 5)),
    ],
)
def test_thresholds(counts, expected):
    import runpy

    tool = runpy.run_path(str(cli.tool_file('new-dataset')))
    many, few, _ = tool['thresholds'](np.array(counts))
    assert (many, few) == expected
