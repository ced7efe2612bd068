"""A card that cannot be written costs no training."""

from types import SimpleNamespace

import pytest

from shapmix_mm.runs import card
from shapmix_mm.runs.run import RunError


@pytest.mark.parametrize(
    'error', [RunError('tables need pandas'), OSError('no space left')]
)
def test_what_keeps_the_card_from_being_written_is_told(
    error, tmp_path, monkeypatch
):
    told = []
    monkeypatch.setattr(
        card, 'print_log', lambda text, **kwargs: told.append(text)
    )

    def fail(*args):
        raise error

    monkeypatch.setattr(card, '_facts', fail)
    runner = SimpleNamespace(work_dir=str(tmp_path))
    assert card.write_card(runner, 'python train.py') is None
    assert told == [f'no model card: {error}']
    assert not list(tmp_path.iterdir())
