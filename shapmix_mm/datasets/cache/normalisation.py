"""Transforms that always do the same to a sample and are done once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from mmengine.dataset import Compose

from ...skeletons import BUILTIN_LAYOUTS, Layout, get_layout
from .cache_file import CacheFile
from .source import rebuild_command

# No randomness, and a result that depends on the annotation alone.
DETERMINISTIC = (
    'AlignPersons',
    'CheckJoints',
    'KeepMainPersons',
    'KinectV1Normalize',
    'PreNormalize2D',
    'PreNormalize3D',
)
# Faster forms with the same output, to the bit.
TWINS = {'FastPreNormalize3D': 'PreNormalize3D'}


class RestOfPipeline(Compose):
    """What is left of a pipeline to samples that a cache has prepared.

    Args:
        transforms (Sequence[Callable]): The transforms that are left.
        done (list[dict]): What the samples have been through.
    """

    def __init__(
        self, transforms: Sequence[Callable], done: list[dict]
    ) -> None:
        super().__init__(transforms)
        self.done = done


def describe(transform: Any) -> dict[str, Any] | None:
    """Type and arguments of a deterministic transform.

    Args:
        transform (Callable): A built transform.

    Returns:
        dict | None: ``type`` and ``args`` without those that have their
        default value; None if it is not known to be deterministic.
    """
    name = type(transform).__name__
    name = TWINS.get(name, name)
    if name not in DETERMINISTIC:
        return None
    parameters = inspect.signature(type(transform)).parameters
    try:
        values = {key: _plain(getattr(transform, key)) for key in parameters}
    except (AttributeError, TypeError):
        return None
    args = {
        key: value
        for key, value in values.items()
        if value != _default(parameters[key])
    }
    return dict(type=name, args=args)


def leading(transforms: Sequence[Any]) -> list[dict]:
    """Describe the deterministic transforms that a pipeline begins with.

    Args:
        transforms (Sequence[Callable]): Built transforms.

    Returns:
        list[dict]: One entry for each, up to the first other transform.
    """
    found: list[dict] = []
    for transform in transforms:
        step = describe(transform)
        if step is None:
            break
        found.append(step)
    return found


def rest_of(pipeline: Any, file: CacheFile) -> Any:
    """Take from a pipeline what the cache has done already.

    Args:
        pipeline (Compose): Built pipeline.
        file (CacheFile): The cache.

    Returns:
        Compose: The same if the cache has done nothing, else its rest.

    Raises:
        ValueError: If the pipeline does not begin with just what the cache
            has done, with the command that builds one that fits.
    """
    done = file.normalisation
    if not done or getattr(pipeline, 'done', None) == done:
        return pipeline
    transforms = list(getattr(pipeline, 'transforms', ()))
    wanted = leading(transforms)
    if wanted[: len(done)] != done:
        command = rebuild_command(file.source['path'], file.path, wanted)
        raise ValueError(
            f'cache {file.path} holds samples after {text(done)}, but the '
            f'pipeline begins with {text(wanted)}; rebuild it with {command}'
        )
    return RestOfPipeline(transforms[len(done) :], done)


def text(steps: Sequence[dict]) -> str:
    """Write transforms for a message.

    Args:
        steps (Sequence[dict]): Their ``type`` and ``args``.

    Returns:
        str: Such as ``PreNormalize3D(align_spine=False)``.
    """
    calls = [
        f'{step["type"]}('
        + ', '.join(f'{k}={v!r}' for k, v in step['args'].items())
        + ')'
        for step in steps
    ]
    return ', '.join(calls) or 'no deterministic transform'


def _default(parameter: inspect.Parameter) -> Any:
    """Default value of an argument, or a value that no argument has."""
    if parameter.default is parameter.empty:
        return parameter.empty
    return _plain(parameter.default)


def _plain(value: Any) -> Any:
    """Turn an argument into what JSON gives back unchanged."""
    if isinstance(value, Layout):
        name = value.name
        # A name stands for one layout alone if it is a built-in's.
        if name not in BUILTIN_LAYOUTS or get_layout(name) != value:
            raise TypeError(f'layout {name!r} is not built in')
        value = name
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f'{value!r} is no plain value')
