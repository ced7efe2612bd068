"""Pictures of predictions: which samples, what is in them, where they go."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from PIL import Image

from shapmix_mm import visualization


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn, by the name of the file."""
    kept, plot = {}, visualization.plot_prediction

    def spy(path, **kwargs):
        kept[Path(path).name] = kwargs
        return plot(path=path, **kwargs)

    monkeypatch.setattr(visualization, 'plot_prediction', spy, raising=False)
    return kept


def with_pictures(cfg, **settings):
    hook = dict(type='SkeletonVisualizationHook', enable=True, **settings)
    cfg.test_dataloader = cfg.val_dataloader
    cfg.test_cfg = dict(type='TestLoop')
    cfg.test_evaluator = cfg.val_evaluator
    cfg.default_hooks.visualization = hook
    return cfg


def test_every_fifth_sample_of_a_test_is_animated(
    stick_config, build, drawn, tmp_path
):
    out = tmp_path / 'shown'
    cfg = with_pictures(stick_config(), interval=5, out_dir=str(out))
    cfg.test_dataloader.dataset.metainfo = dict(classes=list('abcd'))
    runner = build(cfg)
    runner.test()
    names = ['000000_0.gif', '000005_0.gif', '000010_0.gif']
    assert sorted(path.name for path in out.iterdir()) == names
    with Image.open(out / names[0]) as image:
        assert image.n_frames == 8
    for number, name in zip((0, 5, 10), names):
        sample = runner.test_dataloader.dataset[number]
        found = drawn[name]
        assert found['label'] == number // 3
        assert found['layout'].name == 'stick'
        np.testing.assert_array_equal(found['clip'], sample['inputs'][0])
        with torch.no_grad():
            batch = {key: [value] for key, value in sample.items()}
            (expected,) = runner.model.test_step(batch)
        np.testing.assert_allclose(
            found['scores'], expected.pred_score, rtol=1e-5
        )


def test_without_a_folder_backends_get_an_image(
    stick_config, build, drawn, monkeypatch
):
    sent = []
    monkeypatch.setattr(
        Visualizer,
        'add_image',
        lambda self, name, image, step: sent.append((name, image, step)),
    )
    runner = build(with_pictures(stick_config(), interval=7))
    runner.val_loop.run()
    assert [name for name, _, _ in sent] == ['000000', '000007']
    for _, image, _ in sent:
        assert image.dtype == np.uint8 and image.shape[2] == 3
        assert image.std() > 10
    folder = Path(runner.log_dir, 'predictions')
    assert not list(folder.iterdir())


def test_nothing_is_drawn_unless_enabled(stick_config, build, drawn):
    cfg = with_pictures(stick_config(), interval=1)
    cfg.default_hooks.visualization.enable = False
    build(cfg).test()
    assert not drawn


def test_a_layout_that_nothing_tells_is_asked_for(stick_config, build):
    cfg = with_pictures(stick_config(), interval=1)
    cfg.model.data_preprocessor.blending = None
    cfg.custom_hooks = []
    cfg.model.backbone.graph_cfg.layout.pop('parts', None)
    with pytest.raises(ValueError, match='needs one as layout='):
        build(cfg).test()
