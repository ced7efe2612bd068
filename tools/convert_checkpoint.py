"""Turn a checkpoint of a recognizer's authors into one of this package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

# Written down here so that --help need not import the package.
MODELS = (
    *('ctrgcn', 'frhead', 'streamgcn', 'infogcn', 'hdgcn', 'msg3d'),
    *('mstgcn', 'shiftgcn', 'sgn', 'efficientgcn'),
)
LAYOUTS = {25: 'nturgb+d', 20: 'nw-ucla', 18: 'openpose', 17: 'coco'}
EXAMPLES = """examples:
  weights of HD-GCN for a config of ours
    %(prog)s hdgcn runs-87-6786.pt hdgcn.pth
    python tools/test.py CONFIG hdgcn.pth
  a CTR-GCN trained here, for the code of its authors
    %(prog)s ctrgcn epoch_100.pth ctrgcn.pt --reverse

Checkpoints of MMAction2's projects/ctrgcn and projects/msg3d have our names
already and load as they are, with variant='mmaction'.
The file is read without running anything in it."""
# What upstream does not save: constants, and what it keeps outside of the
# state dict.
CONSTANT = ('.A', '.num_batches_tracked')
LOST = ('.memory', '.z_prior')
NESTS = ('state_dict', 'model', 'net', 'weights', 'model_state_dict')


def main(argv: list[str] | None = None) -> int:
    """Run the tool; 0 when the file was written, 2 on bad input."""
    args = build_parser().parse_args(argv)
    try:
        (give_back if args.reverse else convert)(args)
    except (ValueError, TypeError, KeyError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'error: {message}', file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('model', choices=MODELS, metavar='MODEL')
    parser.add_argument('source', metavar='UPSTREAM')
    parser.add_argument('target', metavar='OUT')
    parser.add_argument(
        '--config',
        help='config whose model the weights must fit; otherwise the options '
        'are found from the shapes',
    )
    parser.add_argument(
        '--layout', help='layout of the joints; otherwise by their number'
    )
    parser.add_argument(
        '--reverse',
        action='store_true',
        help='write ours under the names of the authors (ctrgcn)',
    )
    return parser


def convert(args: argparse.Namespace) -> None:
    """Rename, compare with the model, complete and write."""
    import torch

    import shapmix_mm  # noqa: F401
    from shapmix_mm.serialization import from_upstream, whole_file

    state = from_upstream(args.model, read_weights(args.source))
    config, own = fitting_model(args, state)
    complete = {
        key: state[key] if key in state else value
        for key, value in own.items()
    }
    lost = [key for key in own if key not in state and key.endswith(LOST)]
    meta = dict(upstream=args.model, model=config)
    with whole_file(args.target) as path:
        torch.save(dict(meta=meta, state_dict=complete), path)
    print(f'wrote {args.target}: {len(state)} entries, for the model')
    print(f'  {config}')
    if lost:
        print(f'drawn anew, since upstream does not save it: {lost}')


def give_back(args: argparse.Namespace) -> None:
    """Write a checkpoint of ours under the authors' names."""
    import torch

    from shapmix_mm.serialization import to_upstream, whole_file

    state = to_upstream(args.model, read_weights(args.source))
    with whole_file(args.target) as path:
        torch.save(state, path)
    print(f'wrote {args.target}: {len(state)} entries')
    print('Its function is that of the authors for variant="authors" only.')


def read_weights(path: str) -> Mapping[str, Any]:
    """Read a state dict, alone or within a checkpoint.

    Args:
        path (str): The file.

    Returns:
        Mapping[str, Tensor]: By the names in the file.

    Raises:
        ValueError: If there is none in it.
    """
    import torch

    from shapmix_mm.serialization import load_checkpoint_file

    found = load_checkpoint_file(path, map_location='cpu')
    for key in NESTS:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    if not isinstance(found, Mapping):
        raise ValueError(f'{path} holds no state dict')
    tensors = {k: v for k, v in found.items() if isinstance(v, torch.Tensor)}
    if not tensors:
        raise ValueError(f'{path} holds no state dict')
    return tensors


def fitting_model(
    args: argparse.Namespace, state: Mapping[str, Any]
) -> tuple[dict, dict[str, Any]]:
    """The config, and the state of the recognizer, that the weights fit.

    State of the training alone, such as class counts, is left out.

    Raises:
        ValueError: If they fit none; names the first key that differs from
            the nearest.
    """
    from mmaction.registry import MODELS as REGISTRY
    from mmengine.registry import DefaultScope

    from shapmix_mm.config.trained_model import OF_TRAINING

    nearest: tuple[int, str] | None = None
    for config in candidates(args, state):
        with DefaultScope.overwrite_default_scope('mmaction'):
            model = REGISTRY.build(dict(config))
        own = {
            key: value
            for key, value in model.state_dict().items()
            if not key.startswith(OF_TRAINING)
        }
        problems = differences(own, state)
        if not problems:
            return config, own
        if nearest is None or len(problems) < nearest[0]:
            nearest = len(problems), problems[0]
    if nearest is None:
        raise ValueError(f'{args.source} fits no {args.model}')
    raise ValueError(
        f'{args.source} fits no {args.model}: of {nearest[0]} entries that '
        f'differ the first is {nearest[1]}'
    )


def differences(own: Mapping[str, Any], state: Mapping[str, Any]) -> list[str]:
    """Entries that are missing, unknown or of another shape, as text."""
    found = []
    for key, value in own.items():
        if key in state:
            if state[key].shape != value.shape:
                found.append(
                    f'{key}: {tuple(state[key].shape)} in the file, '
                    f'{tuple(value.shape)} in the model'
                )
        elif not key.endswith((*CONSTANT, *LOST)):
            found.append(f'{key}: not in the file')
    return found + [f'{k}: not in the model' for k in state if k not in own]


def candidates(
    args: argparse.Namespace, state: Mapping[str, Any]
) -> Iterator[dict]:
    """Recognizers that the weights could be of."""
    if args.config:
        from shapmix_mm.config.load import read_config

        yield read_config(args.config).model.to_dict()
        return
    weight = need(state, 'cls_head.fc.weight', args)
    head = dict(
        type='GCNHead', num_classes=len(weight), in_channels=weight.shape[1]
    )
    if args.model in ('infogcn', 'streamgcn'):
        kind = 'InformationHead' if args.model == 'infogcn' else 'StreamHead'
        head['type'] = kind
    for joints, backbone in backbones(args, state):
        layout = args.layout or LAYOUTS.get(joints)
        if layout is None:
            raise ValueError(f'no layout of {joints} joints: give --layout')
        backbone['graph_cfg'] = dict(layout=layout, mode='spatial')
        config = dict(
            type='RecognizerGCN', backbone=backbone, cls_head=dict(head)
        )
        if args.model == 'frhead':
            config['type'] = 'RefinementRecognizerGCN'
            config['refinement'] = refinement(state, args, joints, len(weight))
        yield config


def refinement(
    state: Mapping[str, Any],
    args: argparse.Namespace,
    joints: int,
    num_classes: int,
) -> dict:
    """Config of FR-Head; the length of its clips is in its shapes."""
    name = 'refinement.levels.0.temporal_squeeze.0.weight'
    per_frame = len(need(state, name, args))
    last = 'refinement.levels.0.temporal_contrast.fc.weight'
    return dict(
        type='FRHead',
        num_classes=num_classes,
        num_joints=joints,
        num_frames=need(state, last, args).shape[1] // per_frame,
    )


def need(state: Mapping[str, Any], key: str, args: argparse.Namespace) -> Any:
    """An entry that tells sizes.

    Raises:
        ValueError: If it is not there.
    """
    if key not in state:
        raise ValueError(
            f'{args.source} fits no {args.model}: the first entry that '
            f'differs is {key}: not in the file'
        )
    return state[key]


def backbones(
    args: argparse.Namespace, state: Mapping[str, Any]
) -> Iterator[tuple[int, dict]]:
    """Number of joints, and config, of backbones with such shapes."""

    def shape(key: str) -> tuple[int, ...]:
        return tuple(need(state, f'backbone.{key}', args).shape)

    model = args.model
    if model == 'efficientgcn':
        joints = shape('branches.0.stem_scn.conv.edge')[1]
        for layer in ('sg', 'sep'):
            for scale in range(5):
                yield (
                    joints,
                    dict(type='EfficientGCN', scale=scale, layer=layer),
                )
        return
    if model == 'sgn':
        joints, frames = (
            shape(f'{name}_embed.layer1.weight')[1] for name in ('spa', 'tem')
        )
        yield joints, dict(type='SGN', num_frames=frames)
        return
    joints, channels, options = SHAPES[model](shape, state)
    persons = shape('data_bn.weight')[0] // (joints * channels)
    yield joints, dict(options, num_person=persons)


def _ctrgcn(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    joints = shape('net.0.gcn1.A')[1]
    channels = shape('net.0.gcn1.down.0.weight')[1]
    return joints, channels, dict(type='CTRGCN', variant='authors')


def _streamgcn(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    joints, channels, _ = _ctrgcn(shape, state)
    return joints, channels, dict(type='StreamGCN')


def _infogcn(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    _, joints, width = shape('pos_embedding')
    return joints, width, dict(type='InfoGCN')


def _hdgcn(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    joints = shape('net.0.gcn1.PA')[2]
    channels = shape('net.0.gcn1.down.0.weight')[1]
    return joints, channels, dict(type='HDGCN')


def _msg3d(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    scales, joints, _ = shape('sgcn1.0.PA')
    wide = shape('gcn3d1.gcn3d.0.gcn3d.1.PA')[0]
    width, inputs = shape('sgcn1.0.mlp.layers.0.weight')[:2]
    options = dict(
        type='MSG3D',
        base_channels=width,
        num_gcn_scales=scales,
        num_g3d_scales=wide,
    )
    return joints, inputs // scales, options


def _mstgcn(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    joints = shape('net.0.gcn1.layer.conv.PA')[1]
    width, channels = shape('net.0.gcn1.layer.conv.gcn.weight')[:2]
    options: dict[str, Any] = dict(type='MSTGCN', base_channels=width // 3)
    if 'backbone.net.1.att.bn.weight' in state:
        options['attention'] = True
    if 'backbone.net.1.gcn1.layers.0.depth_bn.weight' in state:
        options.update(separable=True, act='swish')
    return joints, channels, options


def _shiftgcn(shape: Any, state: Mapping[str, Any]) -> tuple[int, int, dict]:
    _, joints, channels = shape('net.0.gcn1.Feature_Mask')
    return joints, channels, dict(type='ShiftGCN')


SHAPES = dict(
    ctrgcn=_ctrgcn,
    frhead=_ctrgcn,
    streamgcn=_streamgcn,
    infogcn=_infogcn,
    hdgcn=_hdgcn,
    msg3d=_msg3d,
    mstgcn=_mstgcn,
    shiftgcn=_shiftgcn,
)

if __name__ == '__main__':
    sys.exit(main())
