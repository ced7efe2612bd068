"""Write layout, base and two leaves for an annotation file of your own.

What the file tells is filled in: joints, classes, persons, splits, lengths,
groups of classes, and whether bodies can be aligned. Without a list of
joints, bones are guessed from distances that stay equal.
"""

from __future__ import annotations

import argparse
import pprint
import sys
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  %(prog)s mine mine.pkl --joints joints.csv     # a folder mine/ of four files
  %(prog)s mine mine.pkl --layout nw-ucla        # joints that are known
  %(prog)s mine mine.pkl --joints joints.csv --layout-only    # print it only

joints.csv has the columns joint and parent, a row for each joint in the order
of the data; the root's parent is empty"""
HEAD = (
    '# Written by `shapmix new-dataset`, to be looked through and changed.\n'
)
BASE = """_base_ = [
    './layout.py',
    'shapmix_mm::_base_/schedules/sgd_demo.py',
    'shapmix_mm::_base_/default_runtime.py',
]

# Frames that the network sees: clips have {median} (median).
clip_len = {clip_len}
train_pipeline = [
    {first}dict(
        type='CropResizeFrames', clip_len=clip_len, p_interval=(0.5, 1.0)
    ),
    {then}dict(type='SkeletonFeatures', layout=_base_.layout, feats=['j']),
    dict(type='FormatGCNInput', num_person={persons}),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    {first}dict(
        type='CropResizeFrames', clip_len=clip_len, p_interval=(0.95,)
    ),
    {then}dict(type='SkeletonFeatures', layout=_base_.layout, feats=['j']),
    dict(type='FormatGCNInput', num_person={persons}),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
val_pipeline = test_pipeline

data = dict(
    type='LongTailedPoseDataset',
    ann_file={ann_file!r},
    train_split={train!r},
    num_classes={classes},
    layout=_base_.layout,
    # Of a balanced set, a long-tailed selection:
    # longtail=dict(profile='exp', n_max=100, imbalance=10),
)
train_dataloader = dict(
    batch_size={batch},
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=5,
        dataset=dict(data, split={train!r}, pipeline=train_pipeline),
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        data, split={val!r}, pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader

# Many-shot above, few-shot below, in training clips: {groups}.
val_evaluator = [
    dict(
        type='LongTailMetric',
        many={many},
        few={few},
        per_class_file='per_class.csv',
    )
]
test_evaluator = val_evaluator
"""
CTRGCN = """_base_ = ['./base.py', 'shapmix_mm::_base_/models/ctrgcn_16.py']

model = dict(
    backbone=dict(
        graph_cfg=dict(layout=_base_.layout), num_person={persons}
    ),
    cls_head=dict(num_classes={classes}),
)
"""
STGCN = """_base_ = './base.py'

# The graph of a stock backbone takes joints and bones alone.
graph = {{key: _base_.layout[key] for key in ('num_node', 'inward', 'center')}}
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='STGCN',
        graph_cfg=dict(layout=graph, mode='stgcn_spatial'),
        base_channels=16,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
        num_person={persons},
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=64,
        num_classes={classes},
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
"""


def main(argv: list[str] | None = None) -> int:
    """Write the files.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('name', metavar='NAME', help='what the set is called')
    add('ann_file', metavar='FILE', help='annotation file')
    known = parser.add_mutually_exclusive_group()
    known.add_argument('--joints', help='CSV of joint, parent')
    known.add_argument(
        '--layout', help='name of a layout that is built in, or config file'
    )
    add('--out', metavar='FOLDER', help='where the files go (default: NAME)')
    add('--layout-only', action='store_true', help='print the layout only')
    args = parser.parse_args(argv)
    try:
        write(args)
    except (ValueError, TypeError, KeyError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'error: {message}', file=sys.stderr)
        return 1
    return 0


def write(args: argparse.Namespace) -> None:
    """Look at the file, and write or print.

    Args:
        args (argparse.Namespace): Parsed arguments.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the name is a path, if the file does not fit the
            joints, or if a file to write is there already.
    """
    from shapmix_mm.datasets.inspection import summarize
    from shapmix_mm.datasets.pose_file import read_pose_file

    if Path(args.name).name != args.name:
        raise ValueError(f'NAME {args.name} is a path: --out is the folder')
    file = read_pose_file(args.ann_file)
    summary = summarize(file)
    layout, notes = find_layout(args, file, summary)
    text = f'{HEAD}{notes}layout = {pprint.pformat(layout, sort_dicts=False)}'
    if args.layout_only:
        print(text)
        return
    told = describe(args, file, summary, layout)
    files = {
        'layout.py': text + '\n',
        'base.py': HEAD + BASE.format(**told),
        f'ctrgcn_ce_{args.name}.py': HEAD + CTRGCN.format(**told),
        f'stgcn_ce_{args.name}.py': HEAD + STGCN.format(**told),
    }
    folder = Path(args.out or args.name)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise ValueError(f'{folder} has {there} already')
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding='utf-8')
        print(folder / name)


def find_layout(
    args: argparse.Namespace, file: Any, summary: Any
) -> tuple[dict[str, Any], str]:
    """Find or propose the layout, and say in comments what is uncertain.

    Args:
        args (argparse.Namespace): Parsed arguments.
        file (PoseFile): The annotation file.
        summary (PoseSummary): What it holds.

    Returns:
        tuple[dict, str]: Layout, and lines of comment.
    """
    from shapmix_mm.config.load import read_layout
    from shapmix_mm.skeletons import (
        BUILTIN_LAYOUTS,
        get_layout,
        guess_bones,
        propose_layout,
        read_joints,
    )

    joints = only(summary.shapes['joints'], 'numbers of joints')
    planar = only(summary.shapes['channels'], 'numbers of channels') == 2
    names, notes = None, ''
    if args.layout:
        given = read_layout(args.layout)
        get_layout(given).check_joints(joints, args.ann_file)
        if isinstance(given, str):
            given = dict(BUILTIN_LAYOUTS[given], name=given)
        return given, notes
    if args.joints:
        names, bones = read_joints(args.joints)
        if len(names) != joints:
            raise ValueError(
                f'{args.joints} has {len(names)} joints, {args.ann_file} has '
                f'{joints}'
            )
    else:
        bones = guess_bones(bodies(file))
        notes = '# Bones are guessed from the poses: compare with a picture.\n'
    layout = propose_layout(
        bones, num_joints=joints, joint_names=names, planar=planar
    )
    if not layout.get('pairs'):
        notes += '# Left and right are unknown; pairs=[(left, right), ...].\n'
    return dict(name=args.name, **layout), notes


def bodies(file: Any, most: int = 2000) -> Any:
    """Poses of the file's clips, evenly drawn.

    Args:
        file (PoseFile): The file.
        most (int): At most so many. Defaults to 2000.

    Returns:
        np.ndarray: Shape (n, V, C).
    """
    import numpy as np

    clips = file.annotations
    per_clip = max(1, most // len(clips))
    found = []
    for clip in clips[:: max(1, len(clips) // most)]:
        poses = clip['keypoint'].reshape(-1, *clip['keypoint'].shape[2:])
        poses = poses[poses.any((1, 2))]
        found.append(poses[:: max(1, len(poses) // per_clip)])
    return np.concatenate(found)


def describe(
    args: argparse.Namespace, file: Any, summary: Any, layout: dict[str, Any]
) -> dict[str, Any]:
    """What the templates leave open.

    Args:
        args (argparse.Namespace): Parsed arguments.
        file (PoseFile): The annotation file.
        summary (PoseSummary): What it holds.
        layout (dict): The layout.

    Returns:
        dict: By the name of the place.

    Raises:
        ValueError: If no split is for training, or none goes with it.
    """
    import numpy as np

    twins = {s: file.training_twin(s) for s in file.splits}
    pairs = [(train, split) for split, train in twins.items() if train]
    if not pairs:
        raise ValueError(
            f'{args.ann_file} has the splits {sorted(file.splits)}: none '
            "called with 'train', and with 'val' or 'test' in its place"
        )
    train, val = pairs[0]
    part = next(p for p in summary.parts if p.name == train)
    many, few, groups = thresholds(part.counts)
    median = int(np.median(part.lengths))
    step = placing_step(layout) + '\n    '
    # Frames without anyone are dropped while they are zero.
    planar = layout.get('planar')
    return dict(
        ann_file=args.ann_file,
        train=train,
        val=val,
        classes=summary.num_classes,
        persons=max(summary.shapes['persons']),
        median=median,
        clip_len=int(np.clip(median // 4 * 4, 16, 64)),
        batch=int(np.clip(len(part.lengths) // 4, 4, 32)),
        first='' if planar else step,
        then=step if planar else '',
        many=many,
        few=few,
        groups=groups,
    )


def thresholds(counts: Any) -> tuple[int, int, str]:
    """Thresholds of the groups: the literature's, or thirds of the classes.

    Args:
        counts (np.ndarray): Training samples of each class, shape (K,).

    Returns:
        tuple[int, int, str]: Many-shot above, few-shot below, and which rule
        that is.
    """
    from shapmix_mm.evaluation.functional import class_groups

    groups = class_groups(counts, many=100, few=20)
    if len(set(groups)) == 3:
        return 100, 20, "the literature's"
    ordered = sorted(map(int, counts))
    third = max(1, len(ordered) // 3)
    many = ordered[max(0, len(ordered) - third - 1)]
    few = min(many, ordered[min(third, len(ordered) - 1)])
    return many, few, 'about a third of the classes each'


def placing_step(layout: dict[str, Any]) -> str:
    """The transform that brings bodies to one place.

    Args:
        layout (dict): The layout.

    Returns:
        str: Its line, behind a comment where that is needed.
    """
    from shapmix_mm.skeletons import find_body_joints, get_layout

    if layout.get('planar'):
        return "dict(type='PreNormalize2D'),"
    try:
        find_body_joints(get_layout(layout))
    except ValueError:
        return (
            '# No hips and shoulders: clips are moved to the centre alone.\n'
            "    dict(\n        type='KinectV1Normalize',\n"
            f'        center={layout["center"]},\n'
            '        stretch=False,\n'
            '        layout=_base_.layout,\n    ),'
        )
    return "dict(type='AlignSkeleton', layout=_base_.layout),"


def only(values: Any, what: str) -> int:
    """The one value that all samples have.

    Args:
        values (Counter): Samples of each value.
        what (str): What the values are.

    Returns:
        int: The value.

    Raises:
        ValueError: If there are several.
    """
    if len(values) != 1:
        raise ValueError(f'the samples have different {what}: {dict(values)}')
    return int(next(iter(values)))


if __name__ == '__main__':
    sys.exit(main())
