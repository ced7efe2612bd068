"""Arguments are compared with their annotations before anything is built."""

from __future__ import annotations

import argparse
import inspect
import re
from pathlib import Path
from typing import Literal, Sequence

import pytest
from mmaction import registry
from mmengine.config import ConfigDict
from mmengine.registry import Registry

import shapmix_mm  # noqa: F401
from shapmix_mm.arguments import (
    ArgumentError,
    Fraction,
    Positive,
    PositiveInt,
    check_arguments,
    option,
)


class Parent:
    def __init__(self, sizes: Sequence[int] = (2, 3), **kwargs) -> None:
        self.sizes = sizes
        super().__init__(**kwargs)


class Grandparent:
    def __init__(self, tau: float = 0.2) -> None:
        self.tau = tau


@check_arguments
class Child(Parent, Grandparent):
    def __init__(
        self,
        num: PositiveInt,
        share: Fraction = 1.0,
        rule: Literal['mean', 'last'] = 'mean',
        layout: str | dict | None = None,
        *,
        keep: bool = True,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.given = num, share, rule, layout, keep


@pytest.mark.parametrize(
    'kwargs, line',
    [
        (dict(num=0), 'num=0 should be greater than 0'),
        (dict(num=True), 'num=True should be a valid integer'),
        (dict(num=2.0), 'num=2.0 should be a valid integer'),
        (dict(num='2'), "num='2' should be a valid integer"),
        (
            dict(num=1, share=1.5),
            'share=1.5 should be less than or equal to 1',
        ),
        (
            dict(num=1, share=float('nan')),
            'share=nan should be a finite number',
        ),
        (dict(num=1, rule='max'), "rule='max' should be 'mean' or 'last'"),
        (dict(num=1, keep='abc'), "keep='abc' should be a valid boolean"),
        (dict(num=1, keep=1), 'keep=1 should be a valid boolean'),
        (
            dict(num=1, layout=3),
            'layout=3 should be a valid string or a valid dictionary',
        ),
        (
            dict(num=1, shar=0.5),
            "unknown key 'shar', did you mean 'share'? (keys: keep, layout, "
            'num, rule, share, sizes, tau)',
        ),
        (dict(), "missing a required argument: 'num'"),
        (
            dict(num=-1, rule=None),
            "num=-1 should be greater than 0; rule=None should be 'mean' or "
            "'last'",
        ),
    ],
)
def test_one_line_names_class_key_value_and_what_is_expected(kwargs, line):
    with pytest.raises(ArgumentError) as caught:
        Child(**kwargs)
    assert str(caught.value) == f'Child: {line}'
    assert isinstance(caught.value, (ValueError, TypeError))


def test_values_arrive_as_they_were_given():
    layout = ConfigDict(num_node=3)
    made = Child(2, 1, layout=layout, sizes=[1], tau=1)
    assert made.given == (2, 1, 'mean', layout, True)
    assert made.given[3] is layout
    assert (made.sizes, made.tau) == ([1], 1)
    assert list(inspect.signature(Child).parameters)[:2] == ['num', 'share']


def test_a_parents_keys_are_known_to_a_child_alone():
    """The keys of a child are none of the constructor it calls."""

    @check_arguments
    class Base:
        def __init__(self, weight: float = 1.0, mode: str = 'a') -> None:
            self.mode = mode

    @check_arguments
    class Narrow(Base):
        def __init__(self, weight: float = 1.0) -> None:
            super().__init__(weight, mode='b')

    assert Narrow().mode == 'b'
    with pytest.raises(ArgumentError, match="unknown key 'mode'"):
        Narrow(mode='a')


def test_a_stock_constructor_is_checked_by_its_plain_annotations():
    """What a class of ours inherits, or hands on to, is stock's."""
    head = dict(type='FeatureGCNHead', num_classes=3, in_channels=4)
    assert registry.MODELS.build(head).num_classes == 3
    for wrong, line in (
        (dict(dropout='abc'), "dropout='abc' should be a valid number"),
        (dict(num_classes='x'), "num_classes='x' should be a valid integer"),
        (dict(drop_out=0.5), "unknown key 'drop_out', did you mean 'dropout'"),
    ):
        with pytest.raises(ArgumentError, match=f'FeatureGCNHead: {line}'):
            registry.MODELS.build({**head, **wrong})
    with pytest.raises(ArgumentError, match="CosineGCNHead: dropout='abc'"):
        registry.MODELS.build(
            {**head, 'type': 'CosineGCNHead', 'dropout': 'abc'}
        )


def registered():
    for known in vars(registry).values():
        if isinstance(known, Registry):
            for cls in known.module_dict.values():
                ours = cls.__module__.split('.')[0] == 'shapmix_mm'
                if inspect.isclass(cls) and ours:
                    yield cls


@pytest.mark.parametrize('cls', sorted(set(registered()), key=str), ids=str)
def test_every_registered_class_checks_what_it_is_given(cls):
    own = [
        parent
        for parent in cls.__mro__
        if parent.__module__.split('.')[0] == 'shapmix_mm'
        and vars(parent).get('__init__', type).__module__ == parent.__module__
    ]
    for parent in own:
        init = vars(parent)['__init__']
        parameters = list(inspect.signature(init).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_KEYWORD,):
                continue
            assert parameter.annotation is not inspect.Parameter.empty
    if own:
        with pytest.raises(ArgumentError, match='unknown key|missing'):
            cls(**{'no such key': 1})


@pytest.mark.parametrize(
    'hint, good, value, bad',
    [
        (PositiveInt, '3', 3, ['0', '-1', '1.5', 'x', '']),
        (Positive, '0.5', 0.5, ['0', 'nan', 'inf', '1,5']),
        (Fraction, '1', 1.0, ['1.01', '-0.1']),
    ],
)
def test_a_word_of_the_command_line(hint, good, value, bad, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument('--size', type=option(hint))
    assert parser.parse_args(['--size', good]).size == value
    for word in bad:
        with pytest.raises(SystemExit):
            parser.parse_args([f'--size={word}'])
        said = capsys.readouterr().err
        assert f'argument --size: {word!r} should be ' in said


def test_every_number_of_a_command_line_has_bounds():
    """Else a run of hours may end in a raw message, or never begin.

    Tools that show their help without any package check what they read
    themselves.
    """
    tools, loose = Path(__file__).parents[1] / 'tools', []
    for path in sorted(tools.rglob('*.py')):
        text = path.read_text()
        if re.search(r'^(from|import) shapmix_mm', text, re.M):
            loose += re.findall(r'.*\btype=(?:int|float)\b.*', text)
    assert not [line for line in loose if 'choices=' not in line]
