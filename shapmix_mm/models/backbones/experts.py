"""A graph network whose late blocks exist once for each expert."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import torch
from mmaction.models.utils import unit_tcn
from mmaction.registry import MODELS
from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from .stack import BlockStack, SkeletonBackbone, shortcut

__all__ = ['ExpertTails', 'narrowed', 'split_into_experts']


class ExpertTails(ModuleList):
    """Stands in a network for the blocks that each expert has of its own.

    The maps of the experts lie behind each other along the channels, so that
    whatever comes after the blocks need not know of them.

    Args:
        tails (Iterator[nn.Module]): Late blocks of each expert.
        channel_dim (int): Dimension of the channels.
        sample_dim (int): That of the samples, N * M of them.

    Attributes:
        wanted (Callable, optional): Tells from the maps of the first experts
            which samples need the next, as bool (N * M,); the maps of the
            others are then zero. None: each expert sees all samples.
    """

    wanted: Callable[[Tensor], Tensor] | None = None

    def __init__(
        self, tails: Iterator[nn.Module], channel_dim: int, sample_dim: int
    ) -> None:
        super().__init__(tails)
        self.channel_dim = channel_dim
        self.sample_dim = sample_dim

    def forward(self, x: Tensor) -> Tensor:
        """Map C channels to E times C' of them."""
        first, *others = self
        maps = [first(x)]
        for tail in others:
            maps.append(
                tail(x) if self.wanted is None else self._some(tail, x, maps)
            )
        return torch.cat(maps, self.channel_dim)

    def _some(self, tail: nn.Module, x: Tensor, before: list) -> Tensor:
        """Maps of one more expert, zero but for the samples that want it."""
        wanted: Any = self.wanted
        chosen = wanted(torch.cat(before, self.channel_dim)).nonzero()[:, 0]
        maps = torch.zeros_like(before[0])
        if len(chosen):
            dim = self.sample_dim
            maps.index_copy_(dim, chosen, tail(x.index_select(dim, chosen)))
        return maps


def split_into_experts(
    network: nn.Module,
    cfg: dict,
    num_experts: int,
    *,
    width: float = 1.0,
    split: int | None = None,
) -> None:
    """Let a network share its early blocks and have several late ones.

    It works for networks that are one list of blocks after a data norm, as
    ST-GCN, STGCN++, 2s-AGCN, CTR-GCN and the other stacks of this package
    are. The early blocks have the network's own width; where the late ones
    are narrower, each expert begins with a 1x1 convolution and a batch norm
    between the two widths.

    Args:
        network (nn.Module): The network, changed in place; its output will
            have E times the channels.
        cfg (dict): Its config.
        num_experts (int): Number of experts E.
        width (float): Channels of the late blocks, as a share of the
            network's own. Defaults to 1.0.
        split (int, optional): Number of shared blocks. Defaults to None: the
            experts have the two deepest levels of width.

    Raises:
        ValueError: If the network is no list of blocks, the split is not
            inside it, or the width gives no whole number of channels.
    """
    name, blocks = _blocks(network)
    if split is None:
        split = _second_deepest_level(network, cfg)
    if not 0 < split < len(blocks):
        raise ValueError(
            f'{type(network).__name__} has {len(blocks)} blocks: split must '
            f'leave some to the experts and some to share, got {split}'
        )
    ours = isinstance(network, SkeletonBackbone)
    narrow = dict(cfg, base_channels=narrowed(_base(network, cfg), width))
    tails = (
        _tail(MODELS.build(dict(narrow)), split, network)
        for _ in range(num_experts)
    )
    dims = (0, network.sample_dim) if ours else (1, 0)
    late: list[nn.Module] = [ExpertTails(tails, *dims)]
    # The network counts its blocks.
    late += [nn.Identity() for _ in range(len(blocks) - split - 1)]
    setattr(network, name, ModuleList([*blocks[:split], *late]))


def narrowed(channels: int, width: float) -> int:
    """A share of some channels, which must be a whole number.

    Args:
        channels (int): Channels.
        width (float): Share of them.

    Returns:
        int: Channels.

    Raises:
        ValueError: If it is no whole number.
    """
    share = channels * width
    if abs(share - round(share)) > 1e-6 or round(share) < 1:
        raise ValueError(
            f'width {width} of {channels} channels is {share:g}, no whole '
            'number of channels; choose another width'
        )
    return round(share)


def _blocks(network: nn.Module) -> tuple[str, nn.ModuleList]:
    lists = [
        (name, part)
        for name, part in network.named_children()
        if isinstance(part, nn.ModuleList)
    ]
    if len(lists) != 1:
        raise ValueError(
            f'{type(network).__name__} is not one list of blocks, which '
            'experts could share a part of'
        )
    return lists[0]


def _base(network: Any, cfg: dict) -> int:
    return int(getattr(network, 'base_channels', cfg.get('base_channels', 64)))


def _second_deepest_level(network: Any, cfg: dict) -> int:
    stages = sorted(
        cfg.get('inflate_stages', getattr(network, 'inflate_stages', (5, 8)))
    )
    if not stages:
        raise ValueError(
            f'{type(network).__name__} never widens; say with split how many '
            'blocks the experts share'
        )
    # Stages are counted from 1.
    return int(stages[-2:][0]) - 1


def _tail(narrow: nn.Module, split: int, wide: nn.Module) -> nn.Module:
    """Late blocks, behind a change of width where they need one."""
    tail = list(_blocks(narrow)[1][split:])
    given, wanted = (_width(network, split) for network in (wide, narrow))
    if given != wanted:
        # Channel-major blocks have shortcuts of their own.
        change = (
            shortcut(given, wanted, 1)
            if isinstance(narrow, SkeletonBackbone)
            else unit_tcn(given, wanted, kernel_size=1)
        )
        tail.insert(0, change)
    return Sequential(*tail)


def _width(network: nn.Module, index: int) -> int:
    """Channels that a block reads."""
    if isinstance(network, BlockStack):
        return network.table[index][0]
    # Those of its first convolution.
    parameters = _blocks(network)[1][index].parameters()
    return next(p.size(1) for p in parameters if p.ndim == 4)
