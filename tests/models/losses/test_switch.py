"""The point of the training at which a loss changes."""

import pytest

from shapmix_mm.models.losses.switch import SwitchMixin


def make(start=0.5, start_epoch=None):
    switch = SwitchMixin()
    switch.init_switch(start, start_epoch)
    return switch


def first_late(switch, *, total, iters_per_pass):
    for iteration in range(total):
        switch.set_progress(
            iteration, total=total, iters_per_pass=iters_per_pass
        )
        if switch.is_late:
            return iteration
    return None


@pytest.mark.parametrize(
    'start, total, first',
    [(0.0, 9, 0), (0.5, 10, 5), (0.8, 60, 48), (0.7, 10, 7), (0.1, 30, 3)],
)
def test_share_of_the_training(start, total, first):
    assert first_late(make(start), total=total, iters_per_pass=3) == first


@pytest.mark.parametrize('epoch, first', [(0, 0), (4, 10), (5, 12), (6, 15)])
def test_passes_over_the_data_instead(epoch, first):
    switch = make(start_epoch=epoch)
    assert first_late(switch, total=30, iters_per_pass=2.5) == first


def test_it_goes_back_with_the_training():
    switch = make()
    switch.set_progress(9, total=10, iters_per_pass=1)
    switch.set_progress(0, total=10, iters_per_pass=1)
    assert not switch.is_late


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match='TrainingProgressHook'):
        _ = make().is_late
    with pytest.raises(ValueError, match=r'in \[0, 1\), got 80; .*start_epo'):
        make(80)
    with pytest.raises(ValueError, match='start_epoch .* got -1'):
        make(start_epoch=-1)
    with pytest.raises(ValueError, match='at iteration 20, .* only 20'):
        make(start_epoch=10).set_progress(0, total=20, iters_per_pass=2)
