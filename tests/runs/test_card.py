"""A card that cannot be written costs no training."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from shapmix_mm.models import ShapMixBlending
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


def test_each_of_several_datasets_is_told():
    joined = [dict(ann_file='a.pkl', split='train'), dict(ann_file='b.pkl')]
    dataset = dict(type='ConcatDataset', datasets=joined)
    repeated = dict(type='RepeatDataset', times=2, dataset=dataset)
    cfg = dict(train_dataloader=dict(dataset=repeated), val_dataloader=None)
    assert card._of_the_data(Config(cfg)) == dict(
        training='ann_file `a.pkl`, split `train`; ann_file `b.pkl`'
    )


def test_a_combination_that_was_never_observed_tells_no_class():
    layout = dict(num_node=3, inward=[(1, 0), (2, 0)], center=0)
    parts = dict(body=[0], arm=[1], leg=[2])
    blend = ShapMixBlending(3, dict(layout, parts=parts), sizes=(1,))
    blend.saliency.values[:2] = torch.tensor([-0.3, 0.0, -0.2])
    blend.saliency.updates[0] = torch.tensor([1.0, 0.0, 1.0])
    blend.saliency.updates[1] = 1
    model = SimpleNamespace(data_preprocessor=SimpleNamespace(blending=blend))
    assert card._telling_parts(model) == ['leg', 'arm', card.ABSENT]
