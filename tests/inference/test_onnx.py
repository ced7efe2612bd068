"""An exported network gives the scores of its checkpoint."""

import numpy as np
import pytest
import torch

import shapmix_mm


@pytest.fixture(scope='module')
def exported(recognizer, trained):
    """File of the network, with free numbers of clips and frames."""
    pytest.importorskip('onnxruntime')
    model = recognizer.trained.model

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.head = model.backbone, model.cls_head

        def forward(self, skeletons):
            features = self.backbone(skeletons)
            pooled = features.mean((-1, -2)).mean(1)
            return self.head.fc(pooled)

    path = trained.folder / 'nine.onnx'
    torch.onnx.export(
        Network().eval(), torch.randn(1, 2, 8, 9, 3), str(path),
        input_names=['input_tensor'], output_names=['cls_score'],
        dynamic_axes=dict(input_tensor={0: 'n'}, cls_score={0: 'n'}),
        opset_version=12, dynamo=False,
    )  # fmt: skip
    return str(path)


def test_predictions_equal_those_of_the_checkpoint(
    recognizer, trained, exported, test_clips
):
    other = shapmix_mm.Recognizer(trained.config, exported)
    assert other.device.type == 'cpu'
    for one, two in zip(
        recognizer.predict(test_clips), other.predict(test_clips)
    ):
        np.testing.assert_allclose(one.scores, two.scores, atol=1e-4)
        assert one.top[0].index == two.top[0].index


def test_another_file_or_other_classes_are_refused(trained, exported):
    path = trained.folder / 'text.onnx'
    path.write_text('no network')
    with pytest.raises(ValueError, match='text.onnx is no ONNX network'):
        shapmix_mm.Recognizer(trained.config, path)
    cfg = shapmix_mm.Recognizer(trained.config, exported).cfg
    cfg.model.cls_head.num_classes = 5
    with pytest.raises(ValueError, match='has 4 classes, the config 5'):
        shapmix_mm.Recognizer(cfg, exported)
