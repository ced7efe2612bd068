from __future__ import annotations

from shapmix_mm import compat


def test_every_cure_has_run_and_is_recorded():
    assert set(compat.applied()) == set(compat.CURES)
    assert all(isinstance(v, bool) for v in compat.applied().values())


def test_second_apply_changes_nothing(monkeypatch):
    calls = []
    monkeypatch.setattr(
        compat, 'CURES', {k: lambda: calls.append(1) for k in compat.CURES}
    )
    before = compat.applied()
    compat.apply()
    assert compat.applied() == before and not calls


def test_every_cure_names_its_source():
    for cure in compat.CURES.values():
        assert 'Source:' in cure.__doc__


def test_record_cannot_be_changed_from_outside():
    compat.applied().clear()
    assert compat.applied()
