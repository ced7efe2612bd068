"""A temperature that is known beforehand is found, kept and used."""

import json

import numpy as np
import pytest

import shapmix_mm
from shapmix_mm.inference.calibration import (
    fit_temperature,
    read_temperature,
    temperature_file,
    tempered,
)


def softmax(values):
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_the_temperature_of_a_made_up_model_is_found():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20000, 4))
    chances = softmax(logits)
    labels = (chances.cumsum(1) > rng.random((20000, 1))).argmax(1)
    found = fit_temperature(softmax(3 * logits), labels)
    assert found.temperature == pytest.approx(3, rel=0.05)
    assert found.nll_after < found.nll_before
    assert found.ece_after < 0.02 < 0.1 < found.ece_before
    np.testing.assert_allclose(tempered(softmax(3 * logits), 3.0), chances)


def test_it_is_kept_beside_the_checkpoint_and_used(trained, test_clips):
    plain = shapmix_mm.Recognizer(trained.config, trained.checkpoint)
    warm = shapmix_mm.Recognizer(trained.config, trained.checkpoint)
    found = warm.calibrate()
    path = temperature_file(trained.checkpoint)
    assert json.loads(path.read_text())['samples'] == 8
    again = shapmix_mm.Recognizer(trained.config, trained.checkpoint)
    assert again.calibrate() == found
    one, two = plain.predict(test_clips[0]), warm.predict(test_clips[0])
    np.testing.assert_array_equal(one.scores, two.scores)
    expected = softmax(np.log(one.scores) / found.temperature)
    np.testing.assert_allclose(two.probabilities, expected, rtol=1e-4)
    (told,) = warm.explain(test_clips[0]).classes.values()
    assert told.all == pytest.approx(two.top[0].probability, abs=1e-6)
    assert told.parts.sum() == pytest.approx(told.all - told.none, abs=1e-6)


def test_a_file_of_another_checkpoint_does_not_count(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'one')
    assert read_temperature(path) is None
    kept = temperature_file(path)
    kept.write_text('{"temperature": 2}')
    with pytest.raises(ValueError, match='holds no temperature'):
        read_temperature(path)
    kept.write_text(json.dumps(dict(checkpoint_crc32=1)))
    assert read_temperature(path) is None
