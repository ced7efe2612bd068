"""State dicts of the recognizers' authors, renamed to ours and back.

A network of another project is ours under other names; a table of names for
each tells which. What its authors keep twice, never use or save although it
is constant has no counterpart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping

__all__ = ['UPSTREAM', 'UpstreamNames', 'from_upstream', 'to_upstream']

Rename = tuple[str, str]


@dataclass(frozen=True)
class UpstreamNames:
    """How the parameters of one model are called upstream.

    Attributes:
        renames (tuple): Pairs of a pattern and its replacement, applied in
            turn to every name.
        dropped (str): Pattern of names without a counterpart.
        reshape (Callable, optional): From our name and upstream's tensor to
            our tensor.
        back (tuple): The renames of the other direction, where a model has
            it.
    """

    renames: tuple[Rename, ...]
    dropped: str = r'(?!)'
    reshape: Callable[[str, Any], Any] | None = None
    back: tuple[Rename, ...] = field(default=())


_BLOCK = re.compile(r'^(backbone\.)l(\d+)\.')
_HEAD = (r'^(fc\.)', r'cls_head.\1')


def _linear(name: str, value: Any) -> Any:
    """1x1 convolutions of upstream that are linear layers here."""
    if value.ndim < 3 or name.endswith('frames.conv1.weight'):
        return value.flatten(2) if value.ndim == 4 else value
    if name.endswith('frames.conv2.weight'):
        return value.flatten(2)
    return value.flatten(1)


def _graphs(name: str, value: Any) -> Any:
    """Masks of MS-G3D, stacked on each other upstream."""
    if name.endswith('.PA') and value.ndim == 2:
        return value.view(-1, value.shape[1], value.shape[1])
    return value


def _flat_bias(name: str, value: Any) -> Any:
    return value.flatten() if name.endswith('.conv.bias') else value


def _flat_classifier(name: str, value: Any) -> Any:
    return value.flatten(1) if name == 'cls_head.fc.weight' else value


_CTRGCN: tuple[Rename, ...] = (_HEAD, (r'\.PA$', '.A'))

#: Names of each model that ``tools/convert_checkpoint.py`` reads.
UPSTREAM: dict[str, UpstreamNames] = dict(
    ctrgcn=UpstreamNames(
        _CTRGCN, back=((r'^cls_head\.', ''), (r'(gcn1)\.A$', r'\1.PA'))
    ),
    frhead=UpstreamNames(
        (
            (r'^ren_low\.', 'refinement.levels.0.'),
            (r'^ren_mid\.', 'refinement.levels.1.'),
            (r'^ren_high\.', 'refinement.levels.2.'),
            (r'^ren_fin\.', 'refinement.levels.3.'),
            (r'spatio_cl_net\.cl_fc', 'spatial_contrast.fc'),
            (r'tempor_cl_net\.cl_fc', 'temporal_contrast.fc'),
            ('spatio_squeeze', 'spatial_squeeze'),
            ('tempor_squeeze', 'temporal_squeeze'),
            *_CTRGCN,
        )
    ),
    streamgcn=UpstreamNames(
        (
            (r'^classify\.', 'cls_head.fc.'),
            (r'^fc_var\.', 'cls_head.fc_logvar.'),
            (r'^(fc_mu|fc_kl|classify_z)\.', r'cls_head.\1.'),
            (r'convs\.(\d+)\.eca\.conv\.', r'gates.\1.'),
            (r'\.PA$', '.A'),
        )
    ),
    infogcn=UpstreamNames(
        (
            (r'^fc\.', 'cls_head.hidden.'),
            (r'^decoder\.', 'cls_head.fc.'),
            (r'^(fc_mu|fc_logvar)\.', r'cls_head.\1.'),
            (r'\.agcn\.', '.gcn1.'),
            (r'\.tcn\.', '.tcn1.'),
        )
    ),
    hdgcn=UpstreamNames(
        (_HEAD, (r'(branches\.\d+\.3)\.bias$', r'\1.conv.bias')),
        # The last layer's list is registered under a second name.
        dropped=r'\.gcn1\.conv_d\.',
        reshape=_flat_bias,
    ),
    msg3d=UpstreamNames((_HEAD, (r'\.A_res$', '.PA')), reshape=_graphs),
    mstgcn=UpstreamNames(
        (
            _HEAD,
            (r'^layers\.', 'net.'),
            ('msgcn', 'gcn1'),
            ('mstcn', 'tcn1'),
            (r'^net\.0\.(gcn1|tcn1)\.', r'net.0.\1.layer.'),
            ('conv_bn', 'layers'),
            (r'(1\.layers\.\d+)\.0\.', r'\1.conv.'),
            (r'(1\.layers\.\d+)\.1\.', r'\1.bn.'),
        ),
        dropped=r'^backbone\.net\.\d+\.tcn1\.bn_in\.',
    ),
    shiftgcn=UpstreamNames(
        (_HEAD, (r'\.ypos$', '')), dropped=r'\.xpos$|\.gcn1\.shift_(in|out)$'
    ),
    sgn=UpstreamNames(
        (
            _HEAD,
            (r'^(joint|dif)_embed\.cnn\.0\.bn\.', r'\1_embed.norm.'),
            (r'^(joint|dif)_embed\.cnn\.1\.cnn\.', r'\1_embed.layer1.'),
            (r'^(joint|dif)_embed\.cnn\.3\.cnn\.', r'\1_embed.layer2.'),
            (r'^(spa|tem)_embed\.cnn\.0\.cnn\.', r'\1_embed.layer1.'),
            (r'^(spa|tem)_embed\.cnn\.2\.cnn\.', r'\1_embed.layer2.'),
            (r'^compute_g1\.g1\.cnn\.', 'query.'),
            (r'^compute_g1\.g2\.cnn\.', 'key.'),
            (r'^(gcn\d)\.w\.cnn\.', r'\1.neighbours.'),
            (r'^(gcn\d)\.w1\.cnn\.', r'\1.own.'),
            (r'^(gcn\d)\.bn\.', r'\1.norm.'),
            (r'^cnn\.cnn(\d)\.', r'frames.conv\1.'),
            (r'^cnn\.bn(\d)\.', r'frames.norm\1.'),
        ),
        reshape=_linear,
    ),
    efficientgcn=UpstreamNames(
        (
            (r'^classifier\.fc\.', 'cls_head.fc.'),
            (r'^input_branches\.', 'branches.'),
            (r'\.init_bn\.', '.norm.'),
            (r'^main_stream\.block-(\d+)', r'main.\1'),
            (r'block-(\d+)', r'blocks.\1'),
            (r'_tcn-(\d+)\.', r'.tcn.\1.'),
            (r'(\d)_(scn|att)\.', r'\1.\2.'),
        ),
        dropped=r'\.scn\.conv\.A$|stem_scn\.conv\.A$',
        reshape=_flat_classifier,
    ),
)


def from_upstream(model: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Rename a state dict of a model's authors.

    Args:
        model (str): Key of ``UPSTREAM``.
        state (Mapping[str, Tensor]): By upstream's names; ``module.`` of a
            parallel wrapper may stand in front.

    Returns:
        dict[str, Tensor]: By the names of our recognizer. Names that no rule
        knows come through under ``backbone.``.
    """
    names = UPSTREAM[model]
    found = {}
    for old, value in state.items():
        new = old[len('module.') :] if old.startswith('module.') else old
        for pattern, replacement in names.renames:
            new = re.sub(pattern, replacement, new)
        if not new.startswith(('cls_head.', 'refinement.')):
            new = _BLOCK.sub(_net, f'backbone.{new}')
        if re.search(names.dropped, new):
            continue
        found[new] = names.reshape(new, value) if names.reshape else value
    return found


def to_upstream(model: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Rename a state dict of ours to the names of a model's authors.

    Args:
        model (str): Key of ``UPSTREAM`` that has this direction.
        state (Mapping[str, Tensor]): By the names of our recognizer; what is
            of neither backbone nor head, and constant graphs, stays out.

    Returns:
        dict[str, Tensor]: By upstream's names.

    Raises:
        ValueError: If the model has no names of this direction.
    """
    back = UPSTREAM[model].back
    if not back:
        known = [name for name, names in UPSTREAM.items() if names.back]
        raise ValueError(
            f'{model} cannot be renamed to upstream, only {known} can'
        )
    found = {}
    for old, value in state.items():
        if not old.startswith(('backbone.', 'cls_head.fc.')):
            continue
        new = re.sub(r'^backbone\.', '', old)
        if new == 'A':
            continue
        new = re.sub(r'^net\.(\d+)\.', lambda m: f'l{int(m[1]) + 1}.', new)
        for pattern, replacement in back:
            new = re.sub(pattern, replacement, new)
        found[new] = value
    return found


def _net(match: re.Match) -> str:
    """Blocks count from 0 here, from 1 upstream."""
    return f'{match[1]}net.{int(match[2]) - 1}.'
