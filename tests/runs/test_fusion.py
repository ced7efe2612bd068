"""Streams are matched by name, or refused with the name that differs."""

import pickle

import numpy as np
import pytest
import torch

from shapmix_mm.runs.fusion import (
    DumpedResults,
    align,
    named_part,
    read_results,
)

NAMES = tuple('abcdef')
LABELS = np.array([0, 1, 2, 0, 1, 2])


def stream(path, seed=0, order=range(6), names=NAMES, labels=LABELS):
    order = list(order)
    scores = np.random.default_rng(seed).dirichlet(np.ones(3), 6)
    return DumpedResults(
        path,
        scores[order],
        labels[order],
        None if names is None else tuple(names[i] for i in order),
    )


def test_any_order_of_the_samples_gives_the_same():
    one = stream('one', 1)
    wanted = align([one, stream('two', 2)])
    mixed = align([one, stream('two', 2, order=[3, 0, 5, 1, 4, 2])])
    assert mixed.names == wanted.names == NAMES
    assert np.array_equal(mixed.scores, wanted.scores)
    assert np.array_equal(mixed.labels, LABELS)


def test_the_first_name_that_differs_is_told():
    one = stream('one.pkl')
    other = stream('two.pkl', names=tuple('abXdef'))
    with pytest.raises(ValueError, match=r"two.pkl lacks sample 'c'.*\(2 na"):
        align([one, other])
    longer = stream('two.pkl')
    longer = DumpedResults(
        'two.pkl',
        np.vstack([longer.scores, longer.scores[:1]]),
        np.append(LABELS, 0),
        (*NAMES, 'g'),
    )
    with pytest.raises(ValueError, match="one.pkl lacks sample 'g' of two"):
        align([one, longer])


def test_a_label_that_differs_is_told_with_its_sample():
    labels = LABELS.copy()
    labels[3] = 1
    other = stream('two.pkl', labels=labels, order=[5, 4, 3, 2, 1, 0])
    with pytest.raises(ValueError, match="'d' has label 0 in one.pkl, but 1"):
        align([stream('one.pkl'), other])


def test_without_names_only_the_position_is_left():
    one, other = stream('one.pkl', names=None), stream('two.pkl', names=None)
    with pytest.raises(ValueError, match=r'one.pkl holds no names.*meta_keys'):
        align([one, other])
    assert align([one, other], by_order=True).names is None
    with pytest.raises(ValueError, match='number 0 has label 0 in one.pkl'):
        shifted = stream('two.pkl', order=[1, 2, 3, 4, 5, 0], names=None)
        align([one, shifted], by_order=True)
    with pytest.raises(ValueError, match='two.pkl has 5 samples'):
        fewer = stream('two.pkl', order=range(5), names=None)
        align([one, fewer], by_order=True)


def test_other_classes_are_refused():
    other = stream('two.pkl')
    other = DumpedResults('two.pkl', np.eye(4)[LABELS], LABELS, NAMES)
    with pytest.raises(ValueError, match='two.pkl has scores of 4 classes'):
        align([stream('one.pkl'), other])


def test_logarithms_of_probabilities_rank_as_the_raw_scores():
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(2, 6, 3)) * 5
    soft = torch.softmax(torch.from_numpy(raw), -1).numpy()
    logs = align(
        [DumpedResults(str(i), s, LABELS, NAMES) for i, s in enumerate(soft)],
        scores='log',
    ).scores
    # Up to a number for each sample.
    offset = logs - raw
    assert np.allclose(offset, offset[..., :1])
    made = align(
        [DumpedResults(str(i), s, LABELS, NAMES) for i, s in enumerate(raw)],
        scores='softmax',
    )
    assert np.allclose(made.scores, soft)
    # A probability that float32 rounds to zero has a finite logarithm.
    sure = DumpedResults('sure', np.eye(3)[LABELS], LABELS, NAMES)
    assert np.isfinite(align([sure, sure], scores='log').scores).all()


def test_probabilities_and_raw_scores_are_not_mixed():
    soft = stream('soft.pkl')
    raw = DumpedResults('raw.pkl', soft.scores * 9, LABELS, NAMES)
    with pytest.raises(ValueError, match='soft.pkl holds prob.*raw.pkl raw'):
        align([soft, raw])
    with pytest.raises(ValueError, match='soft.pkl holds probabilities alr'):
        align([soft, soft], scores='softmax')
    with pytest.raises(ValueError, match='raw.pkl holds no probabilities'):
        align([raw, raw], scores='log')


def test_held_out_names_cut_the_samples_in_two(tmp_path):
    both = align([stream('one', 1), stream('two', 2)])
    names = tmp_path / 'held.txt'
    names.write_text('# a comment\ne\nb\n')
    listed, others = named_part(both, [names])
    assert listed.names == ('b', 'e') and others.names == tuple('acdf')
    assert np.array_equal(listed.scores, both.scores[:, [1, 4]])
    assert np.array_equal(others.labels, LABELS[[0, 2, 3, 5]])
    names.write_text('b\nz\n')
    with pytest.raises(ValueError, match="no samples of the results, 'z'"):
        named_part(both, [names])
    names.write_text('\n'.join(NAMES))
    with pytest.raises(ValueError, match='all 6 samples are held out'):
        named_part(both, [names])


def sample(**changes):
    plain = dict(
        pred_score=torch.tensor([0.5, 0.5]),
        gt_label=torch.tensor([1]),
        frame_dir='a',
    )
    return {k: v for k, v in {**plain, **changes}.items() if v is not None}


@pytest.mark.parametrize(
    'content, error, words',
    [
        ([], ValueError, 'holds no sample'),
        ({}, TypeError, 'a list of dicts'),
        ([1], TypeError, 'a list of dicts'),
        ([sample(pred_score=None)], KeyError, "0 of .* lacks 'pred_score'"),
        ([sample(gt_label=None)], KeyError, "lacks 'gt_label'"),
        ([sample(pred_score=torch.ones(2, 2))], TypeError, 'one row'),
        ([sample(gt_label=torch.tensor([0, 1]))], TypeError, 'one class'),
        ([sample(gt_label=torch.tensor([0.5]))], TypeError, 'one class'),
        ([sample(gt_label=torch.tensor([2]))], ValueError, 'label 2 where'),
        ([sample(), sample()], ValueError, "'a' comes twice"),
        ([sample(), sample(frame_dir=None)], KeyError, "1 of .* lacks 'fram"),
        (
            [sample(pred_score=torch.tensor([0.0, float('nan')]))],
            ValueError,
            'not finite',
        ),
        (
            [sample(), sample(frame_dir='b', pred_score=torch.ones(3))],
            ValueError,
            'sample 1 of .* has 3 scores',
        ),
    ],
)
def test_a_file_that_is_no_dump_is_refused(tmp_path, content, error, words):
    path = tmp_path / 'bad.pkl'
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(error, match=words):
        read_results(path)


def test_raw_scores_divided_by_their_length_weigh_alike():
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(2, 6, 3)) * np.array([1, 50])[:, None, None]
    found = align(
        [DumpedResults(str(i), s, LABELS, NAMES) for i, s in enumerate(raw)],
        scores='l2',
    ).scores
    assert np.allclose(np.linalg.norm(found, axis=-1), 1)
    assert np.allclose(found * np.linalg.norm(raw, axis=-1)[..., None], raw)
    soft = stream('soft.pkl')
    with pytest.raises(ValueError, match='already; l2 is for raw scores'):
        align([soft, soft], scores='l2')
