from __future__ import annotations

import sys

import pytest

from shapmix_mm.compat import explain_failure


@pytest.mark.parametrize('kind', [ModuleNotFoundError, AssertionError])
def test_failed_import_names_the_doctor(kind):
    with pytest.raises(ImportError, match='shapmix_mm.doctor') as error:
        with explain_failure():
            raise kind('No module named mmengine')
    assert 'No module named mmengine' in str(error.value)
    assert isinstance(error.value.__cause__, kind)


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError, match='x'), explain_failure():
        raise KeyError('x')


def test_doctor_itself_may_start(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['-m'])
    with explain_failure():
        raise ModuleNotFoundError('No module named mmengine')
