"""What is told of two configs that differ."""

import pytest
from mmengine.config import Config

from shapmix_mm.runs.config_changes import (
    difference,
    find_source,
    load_base,
    show_value,
)


def rows(base, leaf, run):
    found = difference(base and Config(base), Config(leaf), Config(run))
    return [(c.key, c.base, c.run, c.origin) for c in found]


def test_origin_of_a_change():
    base = dict(model=dict(type='A', depth=1), optim_wrapper=dict(lr=0.1))
    leaf = dict(model=dict(type='B', depth=1), optim_wrapper=dict(lr=0.1))
    run = dict(model=dict(type='B', depth=1), optim_wrapper=dict(lr=0.2))
    assert rows(base, leaf, run) == [
        ('model.type', "'A'", "'B'", 'config file'),
        ('optim_wrapper.lr', '0.1', '0.2', 'command line'),
    ]


def test_what_the_command_line_turned_back_is_told():
    base, leaf = dict(model=dict(a=1)), dict(model=dict(a=2))
    assert rows(base, leaf, base) == [('model.a', '2', '1', 'command line')]


def test_lists_are_matched_by_type_and_order_does_not_matter():
    one = dict(custom_hooks=[dict(type='X', a=1), dict(type='Y')])
    two = dict(
        custom_hooks=[dict(type='Z', b=2), dict(type='Y'), dict(type='X')]
    )
    assert rows(None, one, two) == [
        ('custom_hooks[X].a', '1', '–', 'command line'),
        ('custom_hooks[Z]', '–', 'Z(b=2)', 'command line'),
    ]


def test_lists_without_types_are_compared_whole():
    one, two = dict(model=dict(s=[1, 2])), dict(model=dict(s=(1, 3)))
    assert rows(None, one, two)[0][1:3] == ('[1, 2]', '[1, 3]')
    assert rows(None, one, dict(model=dict(s=(1, 2)))) == []


def test_variables_and_what_a_start_sets_are_left_out():
    one = dict(my_variable=1, work_dir='a', load_from=None)
    assert rows(None, one, dict(my_variable=2, work_dir='b')) == []


def test_validation_and_test_are_told_once():
    one = dict(val_dataloader=dict(n=1), test_dataloader=dict(n=1))
    two = dict(val_dataloader=dict(n=2), test_dataloader=dict(n=2))
    assert [r[0] for r in rows(None, one, two)] == [
        'val_ and test_dataloader.n'
    ]
    two['test_dataloader'] = dict(n=3)
    assert len(rows(None, one, two)) == 2


@pytest.mark.parametrize(
    'value, text',
    [
        (dict(type='SGD', lr=0.1), 'SGD(lr=0.1)'),
        (dict(a=[dict(type='X')]), 'dict(a=[X()])'),
        ('x', "'x'"),
        (None, 'None'),
    ],
)
def test_values_read_like_calls(value, text):
    assert show_value(value) == text


def test_base_of_a_shipped_leaf():
    source = find_source('ctrgcn_shapmix_demo.py')
    name, base = load_base(source)
    assert name == 'ctrgcn_ce_demo.py'
    changes = difference(base, *[Config.fromfile(source)] * 2)
    assert {c.origin for c in changes} == {'config file'}
    assert 'custom_hooks[SaliencyHook]' in [c.key for c in changes]


def test_base_of_another_package(tmp_path):
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(
        "_base_ = ['shapmix_mm::ctrgcn_ce_demo.py']\ntrain_cfg = dict(a=1)\n"
    )
    name, base = load_base(leaf)
    assert name == 'ctrgcn_ce_demo.py'
    assert 'a' not in base.train_cfg


def test_no_base_and_no_source(tmp_path, monkeypatch):
    (tmp_path / 'leaf.py').write_text('a = 1\n')
    assert load_base(tmp_path / 'leaf.py') is None
    monkeypatch.chdir(tmp_path)
    assert find_source('no_such_config.py') is None
