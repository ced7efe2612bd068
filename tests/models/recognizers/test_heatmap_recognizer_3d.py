"""Heat maps as skeletons: the same network, and blends that mix joints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.datasets.transforms import FormatHeatmaps

SIDE, V, T = 8, 17, 4
MODEL = dict(
    backbone=dict(
        type='ResNet3dSlowOnly',
        depth=50,
        pretrained=None,
        in_channels=V,
        base_channels=4,
        num_stages=3,
        out_indices=(2,),
        stage_blocks=(1, 1, 1),
        conv1_stride_s=1,
        pool1_stride_s=1,
        inflate=(0, 1, 1),
        spatial_strides=(2, 2, 2),
        temporal_strides=(1, 1, 2),
        dilations=(1, 1, 1),
    ),
    cls_head=dict(
        type='I3DHead', in_channels=64, num_classes=5, dropout_ratio=0.0
    ),
)


def _maps(clips=2):
    """What ``GeneratePoseTarget`` leaves to be formatted."""
    rng = np.random.default_rng(0)
    imgs = rng.random((clips * T, V, SIDE, SIDE), dtype=np.float32)
    return dict(imgs=imgs, num_clips=clips, clip_len=T)


def _inputs(**results):
    results = dict(_maps(), **results)
    out = FormatHeatmaps('NCTHW_Heatmap')(results)
    return torch.from_numpy(out['imgs'])


def test_a_joint_s_picture_stands_in_the_place_of_its_coordinates():
    imgs = _maps()['imgs'].reshape(2, T, V, SIDE * SIDE)
    found = _inputs()
    assert found.shape == (2, 1, T, V, SIDE * SIDE)
    np.testing.assert_array_equal(found[:, 0].numpy(), imgs)


def test_the_network_sees_what_it_sees_of_stock_heat_maps():
    torch.manual_seed(0)
    ours = MODELS.build(dict(MODEL, type='HeatmapRecognizer3D')).eval()
    stock = MODELS.build(dict(MODEL, type='Recognizer3D')).eval()
    stock.load_state_dict(ours.state_dict())
    plain = _inputs()
    heat = plain[:, 0].transpose(1, 2).unflatten(-1, (SIDE, SIDE))
    with torch.no_grad():
        a = ours(plain[None], stage='head', mode='tensor')
        b = stock(heat[None], stage='head', mode='tensor')
    assert torch.equal(a, b) and a.std() > 0
    with pytest.raises(ValueError, match='64 pixels are not 4 by 8'):
        MODELS.build(
            dict(MODEL, type='HeatmapRecognizer3D', heatmap_size=(4, 8))
        )(plain[None], mode='tensor')


def test_stmix_pastes_whole_joints_of_a_partner():
    torch.manual_seed(1)
    blend = MODELS.build(
        dict(
            type='STMixBlending',
            num_classes=5,
            layout='coco',
            mixup_prob=0.0,
            temporal='copy',
        )
    )
    x = torch.stack([_inputs()[:1] * 0 + 1, _inputs()[:1] * 0 + 2])
    samples = [ActionDataSample().set_gt_label(k) for k in (1, 3)]
    mixed, labels = blend(x, samples)
    maps = mixed[2:, 0, 0]
    # Each picture of a joint and frame comes from one sample as a whole.
    assert torch.equal(maps.amin(-1), maps.amax(-1))
    pasted = (maps[0, :, :, 0] == 2).float().mean()
    assert 0 < pasted < 1
    share = labels[2].gt_label[3]
    torch.testing.assert_close(share, pasted)
