"""The figure that a training leaves behind."""

import numpy as np
import pytest

from shapmix_mm.engine.hooks import saliency_figure_hook
from shapmix_mm.engine.hooks.unwrapping import bare_model


def test_training_ends_with_the_figure_of_saliency_per_joint(
    stick_config, build, monkeypatch
):
    drawn = []
    plot = saliency_figure_hook.plot_saliency

    def spy(values, path, **kwargs):
        drawn.append((values, kwargs))
        return plot(values, path, **kwargs)

    monkeypatch.setattr(saliency_figure_hook, 'plot_saliency', spy)
    cfg = stick_config()
    cfg.custom_hooks.append(dict(type='SaliencyFigureHook', thresholds=(4, 7)))
    runner = build(cfg)
    runner.train()
    with open(f'{cfg.work_dir}/saliency.png', 'rb') as file:
        assert file.read(8) == b'\x89PNG\r\n\x1a\n'
    (values, kwargs), table = (
        drawn[0],
        bare_model(runner).data_preprocessor.blending.saliency,
    )
    # The trunk of the stick figure has two joints, every other part one.
    joints = [sum(2 if p == 0 else 1 for p in b) for b in table.combinations]
    np.testing.assert_allclose(values * joints, table.values, rtol=1e-6)
    assert kwargs['class_counts'] == [8, 6, 4, 3]
    assert kwargs['thresholds'] == (4, 7)


def test_a_model_without_the_blend_is_refused(stick_config, build):
    cfg = stick_config()
    cfg.model.data_preprocessor.blending = None
    cfg.custom_hooks = [
        dict(type='ClassCountsHook'),
        dict(type='SaliencyFigureHook'),
    ]
    with pytest.raises(ValueError, match='ShapMixBlending'):
        build(cfg).train()
