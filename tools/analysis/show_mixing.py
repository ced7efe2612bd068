"""Draw mixtures of training samples: one PNG and one GIF for each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import NonNegativeInt, PositiveInt, option
from shapmix_mm.config.class_names import spread_class_names
from shapmix_mm.config.data import stream_features, unrepeated
from shapmix_mm.config.launch import (
    check_annotations,
    merge_options,
    one_line_errors,
)
from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets import class_counts
from shapmix_mm.engine.blend_loading import build_blend
from shapmix_mm.models.blending import SkeletonBlending
from shapmix_mm.saliency import feature_joints
from shapmix_mm.serialization import check_writable
from shapmix_mm.visualization import animate_mixed_sample, plot_mixed_sample


def parse_args(args: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Samples come through the training pipeline, its random '
        'augmentation included. Without a checkpoint Shap-Mix mixes at '
        'random, as in its warm-up.',
    )
    parser.add_argument('config', help='config file, or package::path')
    parser.add_argument(
        '--checkpoint',
        metavar='FILE',
        help='take what guides the mixing from this checkpoint',
    )
    parser.add_argument(
        '--with',
        dest='mixins',
        nargs='+',
        default=[],
        metavar='MIXIN',
        help='method mixins to merge into the config, in this order',
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--index',
        type=option(NonNegativeInt),
        metavar='N',
        help='mix sample N with others',
    )
    which.add_argument(
        '--pair',
        type=option(NonNegativeInt),
        nargs=2,
        metavar=('A', 'B'),
        help='mix sample A with its partner B',
    )
    parser.add_argument('--out', type=Path, default=Path('mixing'))
    parser.add_argument(
        '--count',
        type=option(PositiveInt),
        default=4,
        help='number of mixtures (4)',
    )
    parser.add_argument('--seed', type=option(NonNegativeInt), default=0)
    parser.add_argument(
        '--frames',
        type=option(PositiveInt),
        default=8,
        help='frames of the PNG (8)',
    )
    parser.add_argument(
        '--fps',
        type=option(PositiveInt),
        default=10,
        help='frames per second (10)',
    )
    parser.add_argument(
        '--no-gif', action='store_true', help='write no animations'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings to override',
    )
    return parser.parse_args(args)


def build_dataset(cfg: Config) -> tuple[Any, list[str] | None]:
    """Build the training set, each sample once.

    Args:
        cfg (Config): The config.

    Returns:
        tuple[Dataset, list[str] or None]: The samples, and class names.
    """
    check_annotations(cfg, 'train_dataloader')
    spread_class_names(cfg)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    return unrepeated(dataset), list(classes) if classes else None


def choose_pairs(args: argparse.Namespace, num: int) -> list[tuple[int, int]]:
    """Choose sample and partner of each mixture.

    Args:
        args (argparse.Namespace): Parsed arguments.
        num (int): Number of samples.

    Returns:
        list[tuple[int, int]]: Indices, ``args.count`` pairs.

    Raises:
        ValueError: If an index is out of range, or there is no other sample
            to mix with.
    """
    given = [args.index] if args.index is not None else args.pair or []
    for index in given:
        if not 0 <= index < num:
            raise ValueError(
                f'index {index} is out of range: the training set has '
                f'{num} samples, 0 to {num - 1}'
            )
    if args.pair:
        return [tuple(args.pair)] * args.count
    if num < 2:
        raise ValueError('the training set has no two samples to mix')
    rng = np.random.default_rng(args.seed)
    pairs = []
    for _ in range(args.count):
        own = int(rng.integers(num)) if args.index is None else args.index
        pairs.append((own, (own + int(rng.integers(1, num))) % num))
    return pairs


def mixtures(
    dataset: Any, blend: SkeletonBlending, pairs: list[tuple[int, int]]
) -> Iterator[dict[str, Any]]:
    """Mix each pair.

    Args:
        dataset (Dataset): The training set.
        blend (SkeletonBlending): The blend.
        pairs (list[tuple[int, int]]): Sample and partner.

    Yields:
        dict: Arguments of :func:`plot_mixed_sample` without the path.
    """
    if blend.num_clips != 1:
        raise ValueError(
            f'{type(blend).__name__} mixes views of a clip in pairs; only '
            'blends of single clips can be shown'
        )
    feats = stream_features(dataset)
    for pair in pairs:
        items = [dataset[index] for index in pair]
        clips = torch.cat([item['inputs'] for item in items]).float()
        blend.layout.check_joints(clips.size(3), 'the training set')
        labels = torch.cat([item['data_samples'].gt_label for item in items])
        if int(labels.max()) >= blend.num_classes:
            raise ValueError(
                f'sample with label {int(labels.max())} where the blend has '
                f'{blend.num_classes} classes'
            )
        target = torch.eye(blend.num_classes)[labels]
        mixture = blend.draw_mixture(clips, target)
        mixed = blend.carry_out(clips, mixture)
        names = ('own', 'partner', 'mixed')
        three = zip(names, (clips[0], clips[1], mixed[0]))
        soft = torch.lerp(target[0], target[1], mixture.share[0])
        yield dict(
            {
                n: feature_joints(c.numpy(), feats, blend.layout)
                for n, c in three
            },
            weights=mixture.weights[0].numpy(),
            source=mixture.source[0].numpy(),
            label=soft.numpy(),
            own_class=int(labels[0]),
            layout=blend.layout,
        )


def main(argv: list[str] | None = None) -> None:
    """Write the pictures."""
    args = parse_args(argv)
    cfg = load_config(args.config, args.mixins)
    merge_options(cfg, args)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    set_random_seed(args.seed)
    blend = build_blend(cfg, args.checkpoint)
    check_writable(args.out / 'mix_0.png')
    dataset, classes = build_dataset(cfg)
    if not getattr(blend, 'class_counts', torch.ones(1)).numel():
        blend.set_class_counts(class_counts(dataset, blend.num_classes))
    if not bool(getattr(blend, 'guided', True)):
        print('mixing is random: the blend is not guided by saliency yet')
    pairs = choose_pairs(args, len(dataset))
    for number, drawn in enumerate(mixtures(dataset, blend, pairs)):
        stem = args.out / f'mix_{number}_{"_".join(map(str, pairs[number]))}'
        drawn['classes'] = classes
        still = stem.with_suffix('.png')
        print(plot_mixed_sample(path=still, frames=args.frames, **drawn))
        if not args.no_gif:
            moving = stem.with_suffix('.gif')
            print(animate_mixed_sample(path=moving, fps=args.fps, **drawn))


if __name__ == '__main__':
    with one_line_errors():
        main()
