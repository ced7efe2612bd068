"""Reports of a short run: whole, partly, and of what cannot be read."""

import os
import pickle
import re
import time
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from shapmix_mm.runs import report, scores
from shapmix_mm.runs.report import write_report
from shapmix_mm.runs.run import RunError

VOID = {'meta', 'link', 'img', 'br'}


class Page(HTMLParser):
    """Reads a page and notes what is wrong with it."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.text = [], [], ''
        self.feed(path.read_text(encoding='utf-8'))
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in VOID:
            self.open.append(tag)
        for key in ('src', 'href'):
            if key in attrs:
                assert attrs[key].startswith(('data:', '#'))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if 'style' not in self.open:
            self.text += data + ' '

    def ids(self):
        return [attrs['id'] for _, attrs in self.tags if 'id' in attrs]

    def images(self):
        return [attrs for tag, attrs in self.tags if tag == 'img']

    def has(self, words):
        return re.search(words, re.sub(r'\s+', ' ', self.text)) is not None


@pytest.fixture
def no_test(monkeypatch):
    """Any test of a checkpoint fails."""

    def fail(*args):
        raise AssertionError('tested')

    monkeypatch.setattr(scores, '_test', fail)


def test_whole_report(run_dir, drawn):
    page = Page(write_report(run_dir))
    assert page.ids() == [
        'config',
        'counts',
        'course',
        'classes',
        'confusion',
        'calibration',
        'saliency',
        'cost',
    ]
    # Counts, two curves, scatter, confusion, reliability, saliency.
    assert len(page.images()) == 7
    assert all(image['alt'] for image in page.images())
    assert 'script' not in [tag for tag, _ in page.tags]
    assert page.has('seed 7')
    assert page.has('2 of 2 epochs; each passes 5 times .* 10 effective')
    assert page.has('many > 7 training samples, few < 4')
    assert page.has('20.0 % few')
    assert page.has('13 clips')
    assert page.has('stick.py was not found')
    assert page.has('device CPU')
    assert page.has('wall time of the training 1 min 30 s')
    assert not page.has('not finished')
    # Groups of the training counts 8, 6, 4, 3: one, two, one.
    assert page.has('many 1 3 .* medium 2 6 .* few 1 4')


# Predicted classes of the clips of each true one.
TAKEN_FOR = ((0, 0, 0, 1), (1, 0), (2, 2, 2), (3, 0, 0, 0, 2))


@pytest.fixture
def known_test(monkeypatch):
    """A test that gave known scores: 0.7, of the rarest class 0.4."""
    labels = np.repeat(np.arange(4), [len(taken) for taken in TAKEN_FOR])
    confidence = np.where(labels == 3, 0.4, 0.7)
    given = np.repeat((1 - confidence[:, None]) / 3, 4, axis=1)
    given[np.arange(len(labels)), np.concatenate(TAKEN_FOR)] = confidence
    found = scores.Scores(given, labels, {})
    monkeypatch.setattr(report, 'scores_of', lambda *args: found)


@pytest.fixture
def plotted(monkeypatch):
    """First argument of each figure of confusion and saliency."""
    seen = {}

    def watch(name):
        draw = getattr(report, name)

        def call(values, *args, **kwargs):
            seen[name] = np.array(values)
            return draw(values, *args, **kwargs)

        monkeypatch.setattr(report, name, call)

    watch('plot_confusion'), watch('plot_saliency')
    return seen


def test_numbers_of_a_known_test(run_dir, known_test, plotted):
    page = Page(write_report(run_dir))
    assert page.has('14 clips, 57.1 % right')
    for row in (
        # Group, classes, clips, mean accuracy of its classes.
        'many 1 4 75.0',
        'medium 2 5 75.0',
        'few 1 5 20.0',
        # Class, group, training samples, clips, accuracy, taken for.
        '0 many 8 4 75.0 1 (25.0 %)',
        '1 medium 6 2 50.0 0 (50.0 %)',
        '2 medium 4 3 100.0 –',
        '3 few 3 5 20.0 0 (60.0 %)',
        # True class, clips, error, confidence, accuracy; of all clips
        # (|7 - 9 * 0.7| + |1 - 5 * 0.4|) / 14 and (9 * 0.7 + 5 * 0.4) / 14.
        'all 14 12.1 59.3 57.1',
        'many 4 5.0 70.0 75.0',
        'medium 5 10.0 70.0 80.0',
        'few 5 20.0 40.0 20.0',
    ):
        assert page.has(rf'(?<!\S){re.escape(row)}(?!\S)'), row
    assert plotted['plot_confusion'].tolist() == [
        [3, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 3, 0],
        [3, 0, 1, 1],
    ]


def test_saliency_is_shown_per_joint(run_dir, no_test, plotted):
    path = run_dir / 'epoch_2.pth'
    content = torch.load(path)
    table = content['state_dict']['data_preprocessor.blending.saliency.values']
    table[:] = torch.tensor([12.0, 24, 36, 48])[:, None]
    torch.save(content, path)
    write_report(run_dir, test=False)
    # Part 0 has two joints, each other part has one.
    sizes = [
        size + (0 in parts)
        for size in (2, 3)
        for parts in combinations(range(5), size)
    ]
    np.testing.assert_allclose(
        plotted['plot_saliency'],
        [[value / size for size in sizes] for value in (12, 24, 36, 48)],
    )


def test_scores_are_kept_as_they_are_while_whole(run_dir, monkeypatch):
    write_report(run_dir)
    (kept,) = (run_dir / 'report').glob('*.npz')
    with np.load(kept) as found:
        assert found['scores'].shape == (13, 4)
        np.testing.assert_allclose(found['scores'].sum(1), 1, atol=1e-5)
        assert (
            found['labels'].tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 4
        )
    assert 'epoch_2' in kept.name
    # Nothing else is left in the work directory.
    assert sorted(p.name for p in run_dir.iterdir()) == [
        '20260101_100000',
        'epoch_2.pth',
        'report',
        'report.html',
        'stick.py',
    ]
    # A second report takes the scores of the first, if they are whole.
    with monkeypatch.context() as patch:
        patch.setattr(scores, '_test', None)
        write_report(run_dir)
    kept.write_bytes(kept.read_bytes()[:50])
    assert Page(write_report(run_dir)).has('13 clips')


def test_another_checkpoint_or_test_is_tested_anew(run_dir):
    kept = run_dir / 'report'
    write_report(run_dir)
    (run_dir / 'epoch_2.pth').touch()
    write_report(run_dir)
    assert len(list(kept.glob('*.npz'))) == 2
    options = {'test_dataloader.dataset.split': 'train'}
    write_report(run_dir, cfg_options=options)
    assert len(list(kept.glob('*.npz'))) == 3


def test_other_samples_are_tested_anew(run_dir, tmp_path):
    config = run_dir / 'stick.py'
    made = Config.fromfile(config).test_dataloader.dataset.ann_file
    file = tmp_path / 'own.pkl'
    file.write_bytes(Path(made).read_bytes())
    config.write_text(config.read_text().replace(made, str(file)))
    assert Page(write_report(run_dir)).has('13 clips')
    content = pickle.loads(file.read_bytes())
    del content['split']['test'][0]
    file.write_bytes(pickle.dumps(content))
    later = time.time() + 5
    os.utime(file, (later, later))
    assert Page(write_report(run_dir)).has('12 clips')
    # A page can still be made where the samples are gone.
    file.unlink()
    assert Page(write_report(run_dir)).has('12 clips')


def test_without_a_test(run_dir, no_test):
    page = Page(write_report(run_dir, test=False))
    assert 'confusion' not in page.ids()
    assert page.has('left out: they need a test')
    assert len(page.images()) == 4
    assert not (run_dir / 'report').exists()


def test_difference_from_the_config_file(run_dir, made_run, no_test):
    (run_dir / 'stick.py').write_text(
        (made_run / 'stick.py').read_text().replace('lr=0.05', 'lr=0.5')
    )
    page = Page(
        write_report(run_dir, test=False, config=made_run / 'stick.py')
    )
    row = 'optim_wrapper.optimizer.lr 0.05 0.5 command.line'
    assert page.has(row)


def test_unfinished_run_without_checkpoint(run_dir, training, no_test):
    (run_dir / 'epoch_2.pth').unlink()
    with pytest.raises(RunError, match='no whole checkpoint.*--no-test'):
        write_report(run_dir)
    training.write(run_dir, '20260102', training.lines(1, 1))
    page = Page(write_report(run_dir, test=False))
    assert page.has('not finished: 1 of 2 epochs')
    assert page.has('started 2 times')
    assert page.has('No checkpoint was read')


def test_checkpoint_without_a_table(run_dir, no_test, made_run):
    path = run_dir / 'epoch_2.pth'
    torch.save(dict(state_dict={}, meta={}), path)
    # Counts and groups then come from the training set.
    page = Page(write_report(run_dir, test=False))
    assert page.has('No saliency table in this checkpoint; .*exact_saliency')
    assert any('from 8 down to 3' in i['alt'] for i in page.images())


def test_saliency_figures_of_other_tools(run_dir, no_test):
    from matplotlib.figure import Figure

    for name in ('saliency.png', 'saliency_bodies.png'):
        Figure(figsize=(1, 1)).savefig(run_dir / name)
    page = Page(write_report(run_dir, test=False))
    # The table itself is drawn anew.
    assert not page.has(r'saliency\.png')
    assert page.has(r'saliency_bodies\.png')


def test_unwritable_output_is_known_before_the_test(run_dir, no_test):
    for out, words in (
        (run_dir, 'is a folder'),
        (run_dir / 'stick.py' / 'page.html', 'takes no file'),
    ):
        with pytest.raises(RunError, match=words):
            write_report(run_dir, out)


def test_unreadable_checkpoint(run_dir, no_test):
    (run_dir / 'bad.pth').write_text('nothing')
    with pytest.raises(RunError, match='bad.pth is cut short, damaged'):
        write_report(run_dir, checkpoint=run_dir / 'bad.pth')
    with pytest.raises(RunError, match='does not exist'):
        write_report(run_dir, checkpoint=run_dir / 'none.pth')


def test_missing_annotations(run_dir, no_test):
    options = {'test_dataloader.dataset.ann_file': 'none.pkl'}
    with pytest.raises(RunError, match='none.pkl does not.*--no-test'):
        write_report(run_dir, cfg_options=options)


def test_a_test_that_fails(run_dir, made_run):
    options = {'model.cls_head.num_classes': 5}
    with pytest.raises(RunError, match='failed: .*--no-test'):
        write_report(run_dir, cfg_options=options)


@pytest.mark.parametrize('text', ['x = (', 'a = 1', 'model = 1'])
def test_config_that_cannot_be_loaded(run_dir, text, no_test):
    (run_dir / 'stick.py').write_text(text)
    with pytest.raises(RunError, match='stick.py cannot be loaded'):
        write_report(run_dir)


def test_no_config(run_dir, no_test):
    (run_dir / 'stick.py').unlink()
    with pytest.raises(RunError, match='no config'):
        write_report(run_dir)
    with pytest.raises(RunError, match='none.py does not exist'):
        write_report(run_dir, config='none.py')


def test_the_layout_is_printed_once(run_dir, no_test):
    """Backbone, blend and data share it."""
    page = Page(write_report(run_dir, test=False))
    assert page.text.count("name='stick'") == 1
    assert page.text.count('(layout above)') == 1
