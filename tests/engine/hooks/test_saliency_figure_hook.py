"""The figure that a training leaves behind."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from shapmix_mm import visualization
from shapmix_mm.config.launch import bare_model
from shapmix_mm.engine import hooks
from shapmix_mm.engine.hooks import saliency_figure_hook
from shapmix_mm.saliency import SaliencyRecord
from shapmix_mm.serialization import load_checkpoint_file


@pytest.mark.usefixtures('blank_figures')
def test_training_ends_with_the_figure_of_saliency_per_joint(
    stick_config, build, monkeypatch
):
    drawn = []
    plot = visualization.plot_saliency

    def spy(values, path, **kwargs):
        drawn.append((values, kwargs))
        return plot(values, path, **kwargs)

    monkeypatch.setattr(visualization, 'plot_saliency', spy, raising=False)
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


def with_figures(stick_config, **kwargs):
    cfg = stick_config()
    cfg.custom_hooks.append(dict(type='SaliencyFigureHook', **kwargs))
    return cfg


def history_of(cfg):
    with np.load(f'{cfg.work_dir}/saliency_history.npz') as file:
        return dict(file)


def tables(cfg, epochs=(1, 2)):
    """Tables in the checkpoints, which the record must agree with."""
    files = [
        load_checkpoint_file(f'{cfg.work_dir}/epoch_{e}.pth') for e in epochs
    ]
    name = 'data_preprocessor.blending.saliency.values'
    return np.stack([f['state_dict'][name].numpy() for f in files])


def images(cfg):
    """What the visualizer wrote: name and shape."""
    found = Path(cfg.work_dir).glob('*/vis_data/vis_image/*.png')
    return {p.name: imread(p).shape[:2] for p in found}


def test_a_run_leaves_figures_history_and_images(stick_config, build):
    cfg = with_figures(stick_config, interval=1)
    build(cfg).train()
    work_dir = Path(cfg.work_dir)
    names = ('saliency', 'saliency_bodies', 'saliency_history')
    shapes = {n: imread(work_dir / f'{n}.png').shape[:2] for n in names}
    assert not list(work_dir.glob('*.part')) + list(work_dir.glob('.*'))
    assert images(cfg) == {
        f'{name}_{epoch}.png': shapes[name]
        for name in names[:2]
        for epoch in (1, 2)
    }
    history = history_of(cfg)
    assert history['epochs'].tolist() == [1, 2]
    np.testing.assert_array_equal(history['values'], tables(cfg))
    assert history['updates'].shape == (2, 4, 20)
    assert history['members'].sum(1).tolist() == [2] * 10 + [3] * 10
    assert history['members'][0].tolist() == [True, True] + [False] * 3


@pytest.mark.usefixtures('blank_figures')
@pytest.mark.parametrize('interval', [0, 10])
def test_images_are_sent_at_the_end_whatever_the_interval(
    stick_config, build, interval
):
    cfg = with_figures(stick_config, interval=interval)
    build(cfg).train()
    assert set(images(cfg)) == {'saliency_2.png', 'saliency_bodies_2.png'}


def resumed(stick_config, work_dir, epoch, **kwargs):
    cfg = with_figures(stick_config, **kwargs)
    cfg.work_dir = work_dir
    cfg.load_from, cfg.resume = f'{work_dir}/epoch_{epoch}.pth', True
    return cfg


@pytest.mark.usefixtures('blank_figures')
def test_a_resumed_run_goes_on_with_the_history(stick_config, build):
    cfg = with_figures(stick_config)
    build(cfg).train()
    whole = history_of(cfg)
    again = resumed(stick_config, cfg.work_dir, epoch=1)
    runner = build(again)
    hook = next(
        h for h in runner.hooks if isinstance(h, hooks.SaliencyFigureHook)
    )
    runner.load_or_resume()
    hook.before_train(runner)
    # Epoch 2 lies after the checkpoint that the run goes on from.
    assert hook.record.epochs == [1]
    np.testing.assert_array_equal(hook.record.values, whole['values'][:1])
    runner.train()
    assert history_of(cfg)['epochs'].tolist() == [1, 2]
    np.testing.assert_array_equal(history_of(cfg)['values'], tables(cfg))


@pytest.mark.usefixtures('blank_figures')
def test_a_damaged_history_is_begun_anew_with_one_warning(
    stick_config, build, monkeypatch
):
    cfg = with_figures(stick_config)
    build(cfg).train()
    Path(cfg.work_dir, 'saliency_history.npz').write_bytes(b'PK half')
    runner = build(resumed(stick_config, cfg.work_dir, epoch=1))
    said = []
    monkeypatch.setattr(runner.logger, 'warning', said.append)
    runner.train()
    told = [s for s in said if 'saliency_history.npz is damaged' in str(s)]
    assert len(told) == 1 and 'a new history is begun' in told[0]
    assert history_of(cfg)['epochs'].tolist() == [2]


@pytest.mark.usefixtures('blank_figures')
def test_a_new_run_forgets_the_old_history(stick_config, build):
    cfg = with_figures(stick_config)
    members = np.zeros((20, 5), dtype=bool)
    Path(cfg.work_dir).mkdir()
    old = SaliencyRecord(f'{cfg.work_dir}/saliency_history.npz', members, 4)
    for epoch in (1, 2, 3):
        old.add(epoch, np.ones((4, 20)), np.ones((4, 20)))
    old.save()
    build(cfg).train()
    assert history_of(cfg)['epochs'].tolist() == [1, 2]
    assert history_of(cfg)['members'].any()


@pytest.mark.usefixtures('blank_figures')
def test_a_run_without_epochs_left_draws_what_there_is(stick_config, build):
    cfg = with_figures(stick_config)
    build(cfg).train()
    for name in ('saliency_history.npz', 'saliency_history.png'):
        Path(cfg.work_dir, name).unlink()
    build(resumed(stick_config, cfg.work_dir, epoch=2)).train()
    assert not Path(cfg.work_dir, 'saliency_history.png').exists()


def test_other_ranks_write_nothing(stick_config, build, monkeypatch):
    cfg = with_figures(stick_config)
    runner = build(cfg)
    hook = next(
        h for h in runner.hooks if isinstance(h, hooks.SaliencyFigureHook)
    )
    monkeypatch.setattr(saliency_figure_hook, 'is_main_process', lambda: False)
    hook.before_train(runner)
    assert not hasattr(hook, 'record')


@pytest.mark.parametrize('interval', [-1, 1.5, None])
def test_bad_intervals(interval):
    with pytest.raises(ValueError, match='SaliencyFigureHook: interval='):
        hooks.SaliencyFigureHook(interval=interval)


@pytest.mark.parametrize(
    'filename', ['saliency.pgn', 'saliency.gif', 'saliency.', '.png', '']
)
def test_a_file_that_no_figure_can_be_is_named_before_the_training(filename):
    with pytest.raises(ValueError, match='SaliencyFigureHook: filename='):
        hooks.SaliencyFigureHook(filename)


@pytest.mark.parametrize(
    'thresholds', [(7, 4), (4,), (1, 2, 3), (-1, 4), ('a', 4), 5]
)
def test_thresholds_that_bound_no_groups_are_named_before_the_training(
    thresholds,
):
    with pytest.raises(ValueError, match='SaliencyFigureHook: thresholds='):
        hooks.SaliencyFigureHook(thresholds=thresholds)


@pytest.mark.usefixtures('blank_figures')
def test_groups_are_those_of_the_metric_of_the_run(stick_config, build):
    """Also where the training does not validate."""
    metric = dict(type='LongTailMetric', few=4, many=7)
    cfg = with_figures(stick_config)
    cfg.val_evaluator = [metric]
    runner = build(cfg)
    runner.train()
    hook = next(h for h in runner.hooks if hasattr(h, 'record'))
    assert hook.thresholds == (4, 7)
    cfg = with_figures(stick_config, thresholds=(4, 8))
    cfg.test_dataloader = cfg.val_dataloader
    cfg.test_evaluator, cfg.test_cfg = metric, dict(type='TestLoop')
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    with pytest.raises(ValueError, match=r'\(4, 8\).*few=4, many=7'):
        build(cfg).train()


@pytest.mark.usefixtures('blank_figures')
def test_the_body_is_the_mean_pose(stick_config, build, monkeypatch):
    seen = []
    plot = visualization.plot_bodies

    def spy(values, path, **kwargs):
        seen.append((kwargs['pose'], kwargs['part_errors']))
        return plot(values, path, **kwargs)

    monkeypatch.setattr(visualization, 'plot_bodies', spy, raising=False)
    runner = build(with_figures(stick_config))
    runner.train()
    pose = bare_model(runner).data_preprocessor.blending.mean_pose
    np.testing.assert_array_equal(seen[0][0], pose)
    # Two epochs make one step: too few to tell noise.
    assert np.isnan(seen[0][1]).all() and seen[0][1].shape == (4, 5)


@pytest.mark.usefixtures('blank_figures')
def test_noise_is_told_of_the_papers_average_alone(stick_config, build):
    cfg = with_figures(stick_config)
    runner = build(cfg)
    runner.train()
    hook = next(h for h in runner.hooks if hasattr(h, 'record'))
    rng = np.random.default_rng(0)
    for epoch in range(3, 13):
        values = rng.normal(size=hook.record.values.shape[1:])
        updates = np.full_like(values, 40 * epoch)
        hook.record.add(epoch, values, updates)
    errors = hook._part_errors(runner)
    # Forty updates apart the values of white noise have forgotten it all.
    joints = hook._joint_counts()
    parts = visualization.part_errors(
        hook.record.values / joints,
        hook.record.updates,
        combinations=hook.blend.saliency.combinations,
        num_parts=5,
        momentum=0.9,
    )
    np.testing.assert_array_equal(errors, parts)
    late = hook.record.values[6:] / joints
    member = [1 in own for own in hook.blend.saliency.combinations]
    spread = np.diff(late[..., member].mean(-1), axis=0)
    expected = np.sqrt((spread**2).mean(0) / 2)
    np.testing.assert_allclose(errors[:, 1], expected, rtol=0.02)
    saliency = next(h for h in runner.hooks if hasattr(h, 'momentum'))
    saliency.average = 'recent'
    assert hook._part_errors(runner) is None


@pytest.mark.usefixtures('blank_figures')
@pytest.mark.parametrize('known', [True, False])
def test_the_log_counts_classes_whose_known_parts_come_first(
    stick_config, build, monkeypatch, known
):
    runner = build(with_figures(stick_config))
    runner.train()
    hook = next(h for h in runner.hooks if hasattr(h, 'record'))
    table = hook.blend.saliency
    names = hook.blend.layout.part_names
    # Every class ranks its first combination first, and two have others.
    table.values.zero_()
    table.values[:, 0] = 1
    # Of the second class, 2 joints with 0.8 are more per joint than 3 with 1.
    table.values[1, table.combinations.index((1, 2))] = 0.8
    table.updates.fill_(1)
    # Nothing is known of the largest value.
    table.values[:, -1], table.updates[:, -1] = 9, 0
    inside = [names[p] for p in table.combinations[0]]
    outside = [name for name in names if name not in inside]
    salient = dict(a=inside[:1], b=outside[:1], c=inside, d=outside[:1])
    metainfo = dict(classes=list('abcd'), salient_parts=known and salient)
    monkeypatch.setattr(
        saliency_figure_hook, '_metainfo', lambda runner: metainfo
    )
    lines = []
    monkeypatch.setattr(runner.logger, 'info', lines.append)
    hook._log_known_parts(runner)
    assert lines == known * [
        'saliency: the combination of largest v_b has all telling parts for '
        '2 of 4 classes, not for b, d; that of largest v_b / |b| for 3'
    ]
