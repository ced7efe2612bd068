"""Raw files of NTU RGB+D and Kinetics."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

TAIL = '250.1 200.2 900.3 500.4 0.1 0.2 0.3 0.4 2'


def skeleton_text(frames, joints=25):
    """Write frames, each a list of (identity, 25 x 3 coordinates)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for identity, pose in bodies:
            lines += [f'{identity} 0 1 0 1 1 0 0.1 -0.2 2', str(joints)]
            lines += [f'{x!r} {y!r} {z!r} {TAIL}' for x, y, z in pose.tolist()]
    return '\n'.join(lines) + '\n'


@pytest.fixture
def to_text():
    return skeleton_text


@pytest.fixture
def person():
    """Maker of a standing person who moves, (T, 25, 3), exact in float16."""

    def make(seed, frames, energy=0.1):
        stance = np.random.RandomState(0).randn(25, 3) * (0.1, 0.6, 0.1)
        stance = stance + (seed % 3, 0, 3)
        motion = np.random.RandomState(seed).randn(frames, 25, 3) * energy
        return (stance + motion).astype(np.float16).astype(np.float64)

    return make


def video(seed, frames=12, persons=4):
    """Poses as a detector leaves them: any number in any frame."""
    rng = np.random.RandomState(seed)
    frame_inds = np.sort(rng.randint(frames, size=rng.randint(8, 30)))
    uses = np.bincount(frame_inds, minlength=frames)
    keep = np.concatenate([np.arange(min(u, persons)) for u in uses])
    frame_inds = np.repeat(np.arange(frames), np.minimum(uses, persons))
    poses = rng.rand(len(keep), 17, 3).astype(np.float16)
    poses[..., :2] *= 300
    score = rng.uniform(0.3, 1, len(keep)).astype(np.float16)
    return frame_inds.astype(np.int16), poses, score


def entry(name, label, frame_inds, score, frames=12):
    """Entry of the table, as MMAction2 describes it."""
    return dict(
        frame_dir=name,
        label=label,
        img_shape=(240, 340),
        original_shape=(240, 340),
        total_frames=frames,
        frame_inds=frame_inds,
        box_score=score,
        valid={
            thr: len(np.unique(frame_inds[score >= thr]))
            for thr in (0.5, 0.6, 0.7, 0.8, 0.9)
        },
    )


@pytest.fixture
def make_video():
    return video


@pytest.fixture
def make_entry():
    return entry


@pytest.fixture
def small_k400(tmp_path):
    """Writer of the set; returns table, folder and the loose poses."""

    def write(number=6):
        folder = tmp_path / 'kpfiles'
        folder.mkdir()
        annotations, poses_of = [], {}
        for index in range(number):
            name = f'video{index}'
            frame_inds, poses, score = video(index)
            poses_of[name] = poses
            annotations.append(entry(name, index % 3, frame_inds, score))
            (folder / f'{name}.pkl').write_bytes(
                pickle.dumps(dict(keypoint=poses))
            )
        names = [a['frame_dir'] for a in annotations]
        table = dict(
            split=dict(train=names[: number // 2], val=names[number // 2 :]),
            annotations=annotations,
        )
        path = tmp_path / 'k400_2d.pkl'
        path.write_bytes(pickle.dumps(table))
        return path, folder, poses_of

    return write
