"""What the commands share that convert a set, in one go or in steps."""

from __future__ import annotations

import pickle
import sys
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from shapmix_mm.serialization import check_writable, whole_file

from .annotation_file import join_and_report
from .archives import Member, MemberReader
from .conversion import Conversion
from .shards import Converter, ShardRun, default_workers, run_with_progress
from .skipped import Skipped

MAX_NAMES = 5


def prepare(
    tool: str,
    convert: Callable[[Iterable[Member]], Conversion],
    source: Path,
    out: Path,
    *,
    quiet: bool = False,
) -> int:
    """Convert a set, write it and report.

    Args:
        tool (str): Name of the command, for its errors.
        convert (callable): Conversion of the set.
        source (Path): Folder or archive of its files.
        out (Path): Pickle to write.
        quiet (bool): Whether to show no progress bar. Defaults to False.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    from tqdm import tqdm

    try:
        check_writable(out)
        reader = MemberReader(source)
        try:
            data, skipped = convert(tqdm(reader, unit='file', disable=quiet))
        finally:
            reader.close()
        print(report_skipped(skipped))
        if not data['annotations']:
            raise ValueError(
                f'{source}: nothing usable among its {len(skipped)} files, '
                f'{out} is not written'
            )
        with whole_file(out) as scratch:
            scratch.write_bytes(pickle.dumps(data, protocol=4))
    except (OSError, ValueError) as error:
        print(f'{tool}: {error}', file=sys.stderr)
        return 1
    print(report_kept(data, out))
    return 0


def prepare_in_steps(
    items: Sequence[Any],
    converter: Converter,
    split: Callable[[list[str]], dict[str, list[str]]],
    args: Namespace,
    *,
    skipped: list[Skipped],
    total: int,
) -> dict[str, list[str]]:
    """Convert a set that is too large for one go, and report.

    Args:
        items (Sequence): What to convert.
        converter (Converter): Makes a sample of an item.
        split (callable): Sorts the names of all samples into splits.
        args (Namespace): ``out``, ``work_dir``, ``chunk_size``, ``workers``
            and ``quiet``.
        skipped (list[Skipped]): What was left out before.
        total (int): Files or videos that there were.

    Returns:
        dict[str, list[str]]: The splits.

    Raises:
        NothingUsable: If there is no sample.
        OSError: If the disk refuses the file.
    """
    work_dir = args.work_dir or f'{args.out}.work'
    run = ShardRun(items, converter, work_dir, chunk_size=args.chunk_size)
    workers = default_workers() if args.workers is None else args.workers
    run_with_progress(run, workers=workers, quiet=args.quiet)
    made = join_and_report(run, args.out, split, skipped, total=total)
    run.clean()
    return made


def report_skipped(skipped: list[tuple[str, str]]) -> str:
    """List what was skipped, by reason.

    Args:
        skipped (list[tuple[str, str]]): Names and reasons.

    Returns:
        str: The first few names of each reason.
    """
    if not skipped:
        return 'skipped nothing'
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in skipped:
        by_reason[reason].append(name)
    lines = [f'skipped {len(skipped)} files or clips:']
    for reason, names in by_reason.items():
        # ascii() keeps control characters of hostile names off the terminal.
        listed = ', '.join(ascii(name) for name in names[:MAX_NAMES])
        more = len(names) - MAX_NAMES
        tail = f' and {more} more' if more > 0 else ''
        plain = reason.encode('unicode_escape').decode()
        lines.append(f'  {len(names):5d} {plain}: {listed}{tail}')
    return '\n'.join(lines)


def report_kept(data: dict[str, Any], out: Path) -> str:
    """Sum up what was written, and warn of what is missing.

    Args:
        data (dict): The annotation file.
        out (Path): Where it was written.

    Returns:
        str: Clips in all, of each class, and of each class in each split;
        folds are summed up by the least training clips of a class in any.
    """
    annotations, classes = data['annotations'], data['classes']
    labels = {a['frame_dir']: a['label'] for a in annotations}
    counts = {
        name: Counter(labels[clip] for clip in clips)
        for name, clips in data['split'].items()
    }
    split = ', '.join(f'{sum(v.values())} {k}' for k, v in counts.items())
    shown = [name for name in counts if not name.startswith('fold')]
    training = [v for k, v in counts.items() if k.endswith('train')]
    if not training:
        # No split trains: all clips may.
        training = [Counter(labels.values())]
    lines = [f'wrote {out}: {len(annotations)} clips ({split})']
    for label, name in enumerate(classes):
        cells = [f'{counts[part][label]:5d} {part}' for part in shown]
        least = min(count[label] for count in training)
        cells.append(f'{least:5d} at least to train on')
        lines.append(f'  {label:2d} {name:30s}' + ''.join(cells))
        if not least:
            lines[-1] += '  <- no clip to train on'
    return '\n'.join(lines)
