"""Arguments of registered classes, checked by their annotations.

A wrong value in a config should end in one line that names class, key, value
and what was expected, before anything is built. The annotations of
``__init__`` say what is expected, pydantic compares, and
:func:`check_registered` wraps what this package registers; the classes
themselves need no checks of single values.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import inspect
import reprlib
import sys
from typing import Any, Callable, Dict, ForwardRef, Mapping, Sequence, Union

from mmaction import registry
from mmengine.registry import Registry
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from typing_extensions import Annotated

__all__ = [
    'ArgumentError',
    'BelowOne',
    'Chance',
    'Fraction',
    'NonNegative',
    'NonNegativeInt',
    'Pair',
    'PairOfInts',
    'Positive',
    'PositiveInt',
    'check_arguments',
    'check_registered',
    'check_value',
    'known_keys',
    'option',
    'type_name',
]

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Chance = Annotated[float, Field(gt=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
# A list from JSON or the command line is as good as a tuple.
Pair = Annotated[Sequence[float], Field(min_length=2, max_length=2)]
PairOfInts = Annotated[Sequence[int], Field(min_length=2, max_length=2)]

# No number is read from text and no flag from a number: a config has types.
_RULES = ConfigDict(
    strict=True, arbitrary_types_allowed=True, allow_inf_nan=False
)


class ArgumentError(ValueError, TypeError):
    """An argument of a registered class is unknown, missing or unfit."""


def type_name(kind: Any) -> str:
    """Name of a registered class as configs write it.

    Args:
        kind (str or type): Its name, with or without a scope before it, or
            the class itself.

    Returns:
        str: The bare name.
    """
    if isinstance(kind, str):
        return kind.rpartition('.')[2]
    return getattr(kind, '__name__', '')


def check_registered(package: str) -> None:
    """Check the arguments of every class that a package has registered.

    Base classes of the package are wrapped too, since a constructor is often
    inherited.

    Args:
        package (str): Top-level name of the package whose classes count.
    """
    registries = [
        x for x in vars(registry).values() if isinstance(x, Registry)
    ]
    for found in registries:
        for registered in found.module_dict.values():
            if not inspect.isclass(registered):
                continue
            for cls in registered.__mro__:
                ours = cls.__module__.split('.')[0] == package
                if ours and (cls is registered or '__init__' in vars(cls)):
                    check_arguments(cls)


def check_arguments(cls: type) -> type:
    """Check what a class's ``__init__`` is given, each time it is called.

    Args:
        cls (type): Class whose constructor is annotated. Of a constructor
            that it inherits from a stock class, plain annotations count.
            One that is checked already stays as it is.

    Returns:
        type: The same class, usable as a decorator.

    Raises:
        ArgumentError: By the wrapped constructor: for each unfit argument
            one clause with key, value and what was expected; for an unknown
            one the nearest key. Where stock code fails on what annotations
            allow, all arguments and its error.
    """
    original = cls.__init__  # type: ignore[misc]
    if original is object.__init__ or hasattr(original, '_checks_arguments'):
        return cls

    inherits = '__init__' not in vars(cls)

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        problems = _problems(cls, type(self), original, (self, *args), kwargs)
        if problems:
            raise ArgumentError(
                f'{type(self).__name__}: ' + '; '.join(problems)
            )
        try:
            if inherits:
                # Whose constructor is next is up to the class of the object.
                super(cls, self).__init__(  # type: ignore[arg-type]
                    *args, **kwargs
                )
            else:
                original(self, *args, **kwargs)
        except Exception as error:
            if isinstance(error, ArgumentError) or _is_ours(error):
                raise
            given = [*map(_SHORT.repr, args)]
            given += [f'{k}={_SHORT.repr(v)}' for k, v in kwargs.items()]
            why = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise ArgumentError(
                f'{type(self).__name__}({", ".join(given)}) cannot be built: '
                f'{why}'
            ) from error

    __init__._checks_arguments = True  # type: ignore[attr-defined]
    cls.__init__ = __init__  # type: ignore[misc]
    return cls


def _is_ours(error: BaseException) -> bool:
    """Whether code of this package raised an error, with words of its own.

    Registries raise what they catch anew.
    """
    while error.__context__ is not None:
        error = error.__context__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = trace.tb_frame.f_globals.get('__name__', '') if trace else ''
    return place.split('.')[0] == __name__.split('.')[0]


def _problems(
    owner: type,
    cls: type,
    init: Callable,
    args: tuple,
    kwargs: Mapping[str, Any],
) -> list[str]:
    signature = inspect.signature(init)
    known = known_keys(owner, cls)
    if known is not None:
        unknown = [key for key in kwargs if key not in known]
        if unknown:
            return [_unknown(key, known) for key in unknown]
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        return [str(error)]
    adapters = _stock_adapters(owner, cls)
    if init.__module__ == owner.__module__:
        adapters = {**adapters, **_adapters(init)}
    given = {**bound.arguments, **kwargs}
    problems: list[str] = []
    for key, value in given.items():
        parameter = signature.parameters.get(key)
        is_default = parameter is not None and value is parameter.default
        if key in adapters and not is_default:
            problems += _compare(key, value, adapters[key])
    return problems


def check_value(key: str, value: Any, hint: Any) -> None:
    """Check one argument of a function by an annotation.

    Args:
        key (str): Its name.
        value (Any): Its value.
        hint (type): Such as :data:`PositiveInt`.

    Raises:
        ArgumentError: If it does not fit; it says what was expected.
    """
    problems = _compare(key, value, _adapter(hint))
    if problems:
        raise ArgumentError(problems[0])


def _compare(key: str, value: Any, adapter: TypeAdapter) -> list[str]:
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return [f'{key}={value!r} should be {_expected(error)}']
    return []


def _expected(error: ValidationError) -> str:
    """Say what was wanted. A union fails once for each of its members."""
    wanted = [
        item['msg'].replace('Input should be ', '')
        for item in error.errors(include_url=False)
    ]
    return ' or '.join(dict.fromkeys(wanted))


def option(hint: Any) -> Callable[[str], Any]:
    """Return what reads a command line's word by an annotation.

    Args:
        hint (type): Such as :data:`PositiveInt`.

    Returns:
        callable: The ``type`` of an argument of :mod:`argparse`; it says what
        was expected in place of a word that does not fit.
    """
    adapter = TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))

    def read(text: str) -> Any:
        try:
            return adapter.validate_strings(text)
        except ValidationError as error:
            raise argparse.ArgumentTypeError(
                f'{text!r} should be {_expected(error)}'
            ) from error

    return read


def _unknown(key: str, known: set[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f', did you mean {near[0]!r}?' if near else ''
    return f'unknown key {key!r}{hint} (keys: {", ".join(sorted(known))})'


@functools.cache
def known_keys(owner: type, cls: type) -> set[str] | None:
    """Every key that constructors take.

    Args:
        owner (type): Class whose constructor is the first that counts.
        cls (type): Class of the object.

    Returns:
        set[str] | None: The keys; None where any may be given.
    """
    known: set[str] = set()
    for parent in cls.__mro__[cls.__mro__.index(owner) :]:
        init = vars(parent).get('__init__')
        if init is None or parent is object:
            continue
        parameters = inspect.signature(init).parameters.values()
        known |= {
            parameter.name
            for parameter in parameters
            if parameter.kind
            in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        }
        if not any(p.kind == p.VAR_KEYWORD for p in parameters):
            return known - {'self'}
    return None


# Annotations of stock classes are loose (a list where they say tuple), but
# what they say of single values and of configs holds.
_PLAIN = {int, float, bool, str, dict, Dict}
# What stock classes ask of some keys without saying so, or by assertions.
_STOCK = dict(
    num_classes=PositiveInt,
    in_channels=PositiveInt,
    topk=Union[
        PositiveInt, Annotated[Sequence[PositiveInt], Field(min_length=1)]
    ],
)
# Settings in a message, cut where they are long.
_SHORT = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 60


@functools.cache
def _stock_adapters(owner: type, cls: type) -> dict[str, TypeAdapter]:
    """Validators for what is handed on to constructors of stock classes."""
    adapters: dict[str, TypeAdapter] = {}
    for parent in cls.__mro__[cls.__mro__.index(owner) :]:
        init = vars(parent).get('__init__')
        if init is None or parent is object:
            continue
        parameters = inspect.signature(init).parameters.values()
        for parameter in parameters:
            name, hint = parameter.name, parameter.annotation
            known = name in _STOCK or hint in _PLAIN
            if known and parameter.default is not None:
                adapters.setdefault(name, _adapter(_STOCK.get(name, hint)))
        if not any(p.kind == p.VAR_KEYWORD for p in parameters):
            break
    return adapters


@functools.cache
def _adapters(init: Callable) -> dict[str, TypeAdapter]:
    """A validator for each annotated argument, made when first needed."""
    scope = vars(sys.modules[init.__module__])
    adapters = {}
    for parameter in inspect.signature(init).parameters.values():
        hint = parameter.annotation
        if hint is inspect.Parameter.empty or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            continue
        if isinstance(hint, str):
            hint = _evaluate(hint, scope)
        adapters[parameter.name] = _adapter(hint)
    return adapters


def _adapter(hint: Any) -> TypeAdapter:
    try:
        return TypeAdapter(hint, config=_RULES)
    except PydanticUserError:
        # A type that brings its own rules (a dataclass, say) takes no others.
        return TypeAdapter(hint)


def _evaluate(hint: str, scope: dict) -> Any:
    if sys.version_info >= (3, 10):
        return eval(hint, scope)
    from eval_type_backport import eval_type_backport

    return eval_type_backport(ForwardRef(hint), scope, scope)
