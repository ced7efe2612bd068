"""Files of the values: what they hold, and that they run nothing."""

import numpy as np

from shapmix_mm.saliency import ClassSaliency, combination_names
from shapmix_mm.saliency.result import write_csv, write_worths
from shapmix_mm.skeletons import get_layout

SALIENCY = ClassSaliency(
    [(0,), (0, 2)],
    np.array([[0.5, -0.25], [np.nan] * 2, [1e-7, 2.0]]),
    np.full((3, 2), 0.5),
    np.array([2, 0, 1]),
)
PARTS = get_layout('coco').part_names


def test_csv_leaves_out_classes_without_samples(tmp_path):
    path = tmp_path / 'a.csv'
    args = dict(part_names=PARTS, classes=['walk', 'run', 'a, b'])
    write_csv(path, SALIENCY, **args)
    assert path.read_text().splitlines() == [
        'class,name,samples,train_count,group,trunk,trunk+right_arm',
        '0,walk,2,,,0.500000,-0.250000',
        '2,"a, b",1,,,0.000000,2.000000',
    ]
    groups = ['many', 'few', 'few']
    write_csv(path, SALIENCY, train_counts=[9.0, 1, 2], groups=groups, **args)
    assert path.read_text().splitlines()[2].startswith('2,"a, b",1,2,few,')


def test_arrays_are_read_without_pickles(tmp_path):
    path = tmp_path / 'a.npz'
    write_worths(
        path, SALIENCY, get_layout('coco'), ['x'] * 3, labels=np.arange(3)
    )
    with np.load(path, allow_pickle=False) as found:
        assert found['combinations'].tolist() == [1, 5]
        assert found['combination_names'].tolist() == combination_names(
            SALIENCY.combinations, PARTS
        )
        assert found['part_mask'].shape == (5, 17)
        np.testing.assert_array_equal(found['values'], SALIENCY.values)
        assert found['labels'].tolist() == [0, 1, 2]
