"""Turn joints in a CSV or in NumPy arrays into an annotation file."""

from __future__ import annotations

import argparse
import sys

EXAMPLES = """examples:
  a row for each joint of each frame: clip, label, split, frame, joint, x, y, z
    %(prog)s clips.csv --joints joints.csv --out mine.pkl
  an array (frames, joints, coordinates) for each clip
    %(prog)s clips.npz --labels labels.csv --out mine.pkl
  poses of images
    %(prog)s poses.csv --img-shape 1080 1920 --out mine.pkl"""


def main(argv: list[str] | None = None) -> int:
    """Convert and write.

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
    add('source', metavar='FILE', help='.csv, .npz or .npy')
    add('--out', required=True, help='annotation file to write')
    add('--labels', help='CSV of clip, label, split; for .npz and .npy')
    add('--joints', help='CSV of joint, parent; for a CSV that names joints')
    add(
        '--img-shape',
        type=int,
        nargs=2,
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images in pixels, for 2D poses; a third coordinate '
        'in arrays is the score then',
    )
    args = parser.parse_args(argv)
    if args.img_shape and min(args.img_shape) < 1:
        parser.error('--img-shape: height and width are greater than 0')
    try:
        convert(args)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def convert(args: argparse.Namespace) -> None:
    """Convert, write and say what was written.

    Args:
        args (argparse.Namespace): Parsed arguments.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one is of another form, or would be written over.
    """
    from shapmix_mm.datasets.prepare.annotation_file import check_target
    from shapmix_mm.datasets.prepare.arrays import (
        annotate,
        read_clips,
        write_annotations,
    )
    from shapmix_mm.skeletons import read_joints

    sources = (args.source, args.labels, args.joints)
    check_target(args.out, *filter(None, sources))
    names = read_joints(args.joints)[0] if args.joints else None
    clips = read_clips(args.source, labels=args.labels, joint_names=names)
    shape = tuple(args.img_shape) if args.img_shape else None
    content = annotate(clips, img_shape=shape)
    write_annotations(content, args.out)
    sizes = ', '.join(f'{k} {len(v)}' for k, v in content['split'].items())
    print(f'{args.out}: {len(clips)} clips ({sizes})')
    if not any(clip.split for clip in clips.values()):
        print(
            'no clip tells its split: every fourth of a class is held out, '
            'whoever is seen in it; a column split keeps persons apart'
        )


if __name__ == '__main__':
    sys.exit(main())
