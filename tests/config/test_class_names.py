"""Names of classes from lists, text files, metainfo and configs."""

import pytest
from mmengine.config import Config

from shapmix_mm.config.class_names import find_class_names, spread_class_names


def config(**settings):
    dataset = dict(type='RepeatDataset', dataset=dict(type='PoseDataset'))
    return Config(dict(train_dataloader=dict(dataset=dataset), **settings))


def test_the_first_source_that_names_all_classes_counts(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_text('\ufeffpick up\n\n drop \n', encoding='utf-8')
    meta = [None, dict(classes=['x']), dict(classes=('c', 'd'))]
    cfg = config(class_names=['a', 'b'])
    assert find_class_names(2, given=path, metas=meta) == ['pick up', 'drop']
    assert find_class_names(2, metas=meta, cfg=cfg) == ['a', 'b']
    assert find_class_names(2, metas=meta, cfg=config()) == ['c', 'd']
    assert find_class_names(3, metas=meta, cfg=cfg) is None
    own = config()
    own.train_dataloader.dataset.dataset.metainfo = dict(classes=str(path))
    assert find_class_names(2, cfg=own) == ['pick up', 'drop']


def test_a_wrong_list_is_named(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_text('one\ntwo\n')
    with pytest.raises(ValueError, match='names.txt names 2 classes.*has 3'):
        find_class_names(3, given=path)
    with pytest.raises(FileNotFoundError, match='none.txt does not exist'):
        find_class_names(3, given=tmp_path / 'none.txt')
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(ValueError, match='is no text'):
        find_class_names(3, given=path)


def test_the_names_of_a_config_reach_its_datasets():
    cfg = config(class_names=['a', 'b'])
    spread_class_names(cfg)
    inner = cfg.train_dataloader.dataset.dataset
    assert inner.metainfo == dict(classes=['a', 'b'])
    plain = config()
    spread_class_names(plain)
    assert 'metainfo' not in plain.train_dataloader.dataset.dataset
