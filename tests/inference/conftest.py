"""A narrow recognizer of nine joints with weights that tell clips apart."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

import shapmix_mm

STICK = Path(__file__).parents[1] / 'integration/stick_config.py'
JOINTS = (
    'hip', 'head', 'chest', 'left_hand', 'left_elbow', 'right_hand',
    'right_elbow', 'left_foot', 'right_foot',
)  # fmt: skip
LAYOUT = dict(
    name='nine',
    num_node=9,
    inward=[(j, 0) for j in range(1, 9)],
    center=0,
    parts=dict(
        trunk=[0, 1, 2],
        left_arm=[3, 4],
        right_arm=[5, 6],
        left_leg=[7],
        right_leg=[8],
    ),
    joint_names=JOINTS,
)
CLASSES = ['wave', 'kick', 'bow', 'throw']


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """Namespace of a config file, a checkpoint and an annotation file."""
    folder = tmp_path_factory.mktemp('nine')
    data = folder / 'nine.pkl'
    data.write_bytes(pickle.dumps(annotations()))
    text = STICK.read_text()
    start, end = text.index('LAYOUT ='), text.index('model = dict(')
    plain = {k: v for k, v in LAYOUT.items() if k in ('num_node', 'center')}
    graph = dict(plain, inward=LAYOUT['inward'])
    text = (
        f'{text[:start]}LAYOUT = {graph!r}\nPARTS = {LAYOUT!r}\n{text[end:]}'
    )
    text = text.replace("split='", "layout=PARTS, split='")
    config = folder / 'nine.py'
    config.write_text(text.replace('ANN_FILE', str(data)))
    cfg = Config.fromfile(config)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg.model.to_dict())
    model.init_weights()
    with torch.no_grad():
        model.cls_head.fc.weight.normal_(0, 4)
    model.train()
    with torch.no_grad():
        model(torch.randn(16, 1, 2, 8, 9, 3), stage='head', mode='tensor')
    checkpoint = folder / 'nine.pth'
    torch.save(
        dict(
            state_dict=model.state_dict(),
            meta=dict(dataset_meta=dict(classes=CLASSES)),
        ),
        checkpoint,
    )
    return SimpleNamespace(
        config=str(config),
        checkpoint=str(checkpoint),
        data=str(data),
        folder=folder,
    )


def annotations():
    """What an annotation file holds: of some clips a second person."""
    rng = np.random.default_rng(0)
    found, split = [], dict(train=[], test=[])
    for part, number in (('train', 3), ('test', 2)):
        for label in range(4):
            for i in range(number):
                pose = rng.normal(size=(1 + i % 2, 12 + i, 9, 3))
                pose[:, :, 1 + label] += 1.0
                split[part].append(f'{part}_{label}_{i}')
                found.append(
                    dict(
                        frame_dir=split[part][-1],
                        label=label,
                        total_frames=12 + i,
                        keypoint=pose.astype(np.float32),
                    )
                )
    return dict(split=split, annotations=found, classes=CLASSES)


@pytest.fixture(scope='session')
def recognizer(trained):
    """The recognizer on the CPU."""
    return shapmix_mm.Recognizer(trained.config, trained.checkpoint, 'cpu')


@pytest.fixture(scope='session')
def test_clips():
    """Annotations of the test split."""
    content = annotations()
    inside = set(content['split']['test'])
    return [a for a in content['annotations'] if a['frame_dir'] in inside]
