"""Reading dumped results: all that DumpResults writes, nothing that runs."""

import pickle

import numpy as np
import pytest
import torch
from mmengine.evaluator import DumpResults

from shapmix_mm.serialization.results import load_results


class Runs:
    """Something that runs when it is read by a plain unpickler."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def test_what_the_stock_metric_writes_comes_back(tmp_path):
    path = tmp_path / 'scores.pkl'
    batch = torch.rand(3, 4)
    samples = [
        dict(
            pred_score=batch[i],
            gt_label=torch.tensor([i]),
            frame_dir=f'clip{i}',
            img_shape=(1080, 1920),
            half=batch[i].half(),
            array=np.arange(3.0),
        )
        for i in range(3)
    ]
    metric = DumpResults(str(path))
    metric.process(None, samples)
    metric.evaluate(3)
    found = load_results(path)
    for sample, wanted in zip(found, samples):
        assert sample.keys() == wanted.keys()
        for key in ('pred_score', 'gt_label', 'half'):
            assert torch.equal(sample[key], wanted[key])
        assert sample['frame_dir'] == wanted['frame_dir']
        assert sample['img_shape'] == wanted['img_shape']
        assert np.array_equal(sample['array'], wanted['array'])


@pytest.mark.parametrize('inside', [False, True])
def test_nothing_in_the_file_is_run(tmp_path, inside):
    path, mark = tmp_path / 'evil.pkl', tmp_path / 'ran'
    evil = Runs(exec, f'open({str(mark)!r}, "w")')
    if inside:
        data = pickle.dumps(evil)
        # By the function that torch gives every dumped tensor.
        evil = Runs(torch.storage._load_from_bytes, data)
    path.write_bytes(pickle.dumps([evil]))
    with pytest.raises(ValueError, match='evil.pkl'):
        load_results(path)
    assert not mark.exists()
    if not inside:
        pickle.loads(path.read_bytes())
        assert mark.exists()


def test_cut_short_no_pickle_and_absent_are_told_apart(tmp_path):
    path = tmp_path / 'cut.pkl'
    path.write_bytes(pickle.dumps([dict(a=torch.zeros(3))])[:-20])
    with pytest.raises(ValueError, match='cut.pkl are cut short'):
        load_results(path)
    path.write_bytes(b'not a pickle')
    with pytest.raises(ValueError, match='no pickle'):
        load_results(path)
    with pytest.raises(FileNotFoundError, match='absent.pkl'):
        load_results(tmp_path / 'absent.pkl')
