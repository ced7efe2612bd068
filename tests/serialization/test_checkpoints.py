from __future__ import annotations

import functools
import os
import pickle
import sys
import types
import zipfile
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from shapmix_mm.serialization import load_checkpoint_file


class Toy(BaseModel):
    """One layer with a buffer, enough for a Runner."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.register_buffer('seen', torch.zeros(2))

    def forward(self, inputs, mode='tensor'):
        out = self.layer(inputs).square().mean()
        return {'loss': out} if mode == 'loss' else out


@pytest.fixture(scope='module')
def checkpoint_path(tmp_path_factory):
    """Checkpoint that a real Runner wrote after two epochs."""
    folder = tmp_path_factory.mktemp('run')
    runner = Runner(
        model=Toy(),
        work_dir=str(folder),
        train_dataloader=DataLoader(
            TensorDataset(torch.randn(8, 2)), batch_size=2
        ),
        train_cfg={'by_epoch': True, 'max_epochs': 2},
        optim_wrapper={
            'optimizer': {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}
        },
        param_scheduler=[
            {'type': 'LinearLR', 'start_factor': 0.1, 'end': 1},
            {'type': 'MultiStepLR', 'milestones': [1]},
        ],
        default_hooks={'logger': {'type': 'LoggerHook', 'interval': 1}},
        randomness={'seed': 0},
        experiment_name=folder.name,
    )
    runner.train()
    return folder / 'epoch_2.pth'


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert one.requires_grad == other.requires_grad
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
        assert_same(
            getattr(one, '_metadata', 0), getattr(other, '_metadata', 0)
        )
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_same(a, b)
    elif isinstance(one, HistoryBuffer):
        assert_same(vars(one), vars(other))
        assert_same(one.data, other.data)
    else:
        assert one == other


def save(path, content, **kwargs):
    torch.save(content, path, **kwargs)
    return path


def test_runner_checkpoint_equals_unrestricted_load(checkpoint_path):
    ours = load_checkpoint_file(checkpoint_path, 'cpu')
    theirs = torch.load(checkpoint_path, weights_only=False)
    assert_same(ours, theirs)
    history = ours['message_hub']['log_scalars']['train/loss']
    assert len(history.data[0]) == 8
    assert history.mean() == pytest.approx(history.data[0].mean())
    milestones = ours['param_schedulers'][1]['milestones']
    assert milestones == Counter([1])


def test_everything_else_that_mmengine_may_write(tmp_path):
    content = OrderedDict(
        half=torch.ones(3, dtype=torch.bfloat16),
        view=torch.arange(6).reshape(2, 3)[:, 1],
        parameter=nn.Parameter(torch.ones(2)),
        empty=torch.zeros(0, 3),
        size=torch.Size([1, 2]),
        dtype=torch.float16,
        device=torch.device('cpu'),
        scalars=[np.float32(1.5), np.int64(2), np.bool_(True)],
        array=np.arange(4).reshape(2, 2),
        config=ConfigDict(a=1, b=ConfigDict(c=[1, 2])),
        state=defaultdict(dict, {1: {'step': 2}}),
        plain={'set': {1}, 'text': 'é', 'raw': b'x', 'none': None},
    )
    for zipped in (True, False):
        path = save(
            tmp_path / f'{zipped}.pth',
            content,
            _use_new_zipfile_serialization=zipped,
        )
        ours = load_checkpoint_file(path)
        assert_same(ours, torch.load(path, weights_only=False))


class Reduced:
    """Pickles as a call of anything."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def routes(marker):
    touch = f'touch {marker}'
    nested = np.array([Reduced(os.system, touch)], dtype=object)
    loader = torch.storage._load_from_bytes
    return {
        'os.system': {'meta': Reduced(os.system, touch)},
        'posix.system': {'state_dict': OrderedDict(a=nested)},
        'builtins.eval': {'optimizer': Reduced(eval, '1')},
        'builtins.getattr': Reduced(getattr, HistoryBuffer, 'update'),
        "getattr of '__init__'": Reduced(
            getattr, Reduced(getattr, HistoryBuffer, 'mean'), '__init__'
        ),
        'functools.partial': functools.partial(os.system, touch),
        '_import_dotted_name': Reduced(
            torch._utils._import_dotted_name, 'os.system'
        ),
        '_load_from_bytes': Reduced(loader, pickle.dumps([1])),
        'torch.hub.load': Reduced(torch.hub.load, str(marker), 'x'),
        'torch.load': Reduced(torch.load, str(marker)),
        'Linear': nn.Linear(1, 1),
        'copyreg._reconstructor': Reduced(
            __import__('copyreg')._reconstructor, list, object, None
        ),
    }


@pytest.mark.parametrize('route', list(routes('x')))
@pytest.mark.parametrize('zipped', [True, False])
def test_hostile_checkpoint_runs_nothing(tmp_path, route, zipped):
    marker = tmp_path / 'marker'
    path = save(
        tmp_path / 'bad.pth',
        routes(marker)[route],
        _use_new_zipfile_serialization=zipped,
    )
    name = 'system' if 'system' in route else route.rpartition('.')[2]
    with pytest.raises(ValueError, match=name) as error:
        load_checkpoint_file(path)
    assert str(path) in str(error.value)
    assert not marker.exists()


class Forged:
    """Pickles as a HistoryBuffer with a method table of its own."""

    def __init__(self, methods):
        self.methods = methods

    def __reduce__(self):
        state = {'statistics_methods': self.methods, 'max_length': 1}
        return HistoryBuffer, (), state


def test_history_cannot_smuggle_methods_into_the_class(tmp_path):
    before = dict(HistoryBuffer._statistics_methods)
    forged = Forged({'mean': dict})
    with pytest.raises(ValueError, match="method 'mean'"):
        load_checkpoint_file(save(tmp_path / 'bad.pth', forged))
    assert HistoryBuffer._statistics_methods == before


@pytest.mark.parametrize(
    'target', [HistoryBuffer, torch._utils._rebuild_tensor_v2]
)
def test_state_of_a_class_or_function_is_refused(tmp_path, target):
    module, name = target.__module__, target.__qualname__
    body = f'\x80\x02c{module}\n{name}\n'.encode('latin1')
    body += b'N}X\x03\x00\x00\x00fooK\x01s\x86b.'
    path = save(tmp_path / 'bad.pth', {'a': 1})
    replace_record(path, 'data.pkl', body)
    with pytest.raises(ValueError, match='state for a'):
        load_checkpoint_file(path)
    assert not hasattr(target, 'foo')


def replace_record(path, ending, body):
    with zipfile.ZipFile(path) as archive:
        records = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in records.items():
            archive.writestr(name, body if name.endswith(ending) else content)


@pytest.mark.parametrize('key', ['cfg', 'config'])
def test_config_text_that_runs_code_is_left_out(tmp_path, key):
    text = 'x = __import__("os").system("true")\ny = 1'
    path = save(
        tmp_path / 'bad.pth',
        {'meta': {key: text, 'epoch': 1}, 'state_dict': {}},
    )
    with pytest.warns(UserWarning, match='__import__') as warned:
        content = load_checkpoint_file(path)
    assert content['meta'] == {key: 'y = 1\n', 'epoch': 1}
    (warning,) = warned
    assert key in str(warning.message) and str(path) in str(warning.message)


@pytest.mark.parametrize('zipped', [True, False])
def test_a_checkpoint_as_old_toolboxes_wrote_it(tmp_path, zipped, monkeypatch):
    """PYSKL and MMAction2 0.x: mmcv 1.x wrote meta, state and optimizer."""
    addict = types.ModuleType('addict.addict')
    config = types.ModuleType('mmcv.utils.config')
    # As addict has it: state is the dict itself.
    code = (
        'class Dict(dict):\n'
        '    def __getstate__(self): return self\n'
        '    def __setstate__(self, state): self.update(state)\n'
    )
    exec(code, vars(addict))
    config.ConfigDict = type(
        'ConfigDict', (addict.Dict,), {'__module__': 'mmcv.utils.config'}
    )
    modules = {'addict.addict': addict, 'mmcv.utils.config': config}
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    content = dict(
        meta=dict(
            config='gpu_ids = range(0, 8)\nwork_dir = "a"\n',
            mmcv_version='1.5.0',
            time='Mon May  2 10:00:00 2022',
            epoch=16,
            iter=np.int64(9),
            CLASSES=('sit', 'run'),
            hook_msgs=dict(best_score=np.float64(0.5), best_ckpt='x.pth'),
            settings=config.ConfigDict(a=addict.Dict(b=[1, (2,)])),
        ),
        state_dict=OrderedDict(model.state_dict()),
        optimizer=optimizer.state_dict(),
    )
    with monkeypatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        path = save(
            tmp_path / 'old.pth',
            content,
            _use_new_zipfile_serialization=zipped,
        )
    with pytest.warns(UserWarning, match=r'old.pth: left.*range\(0, 8\)$'):
        found = load_checkpoint_file(path)
    meta = found['meta']
    assert meta['config'] == 'work_dir = "a"\n'
    assert meta['CLASSES'] == ('sit', 'run') and meta['iter'] == 9
    assert meta['settings'] == dict(a=dict(b=[1, (2,)]))
    assert torch.equal(found['state_dict']['weight'], model.weight)
    again = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    again.load_state_dict(found['optimizer'])


def test_each_flipped_bit_is_found(tmp_path):
    """14 of 24 flips were once loaded without a word."""
    path = save(tmp_path / 'b.pth', {'w': torch.rand(5000), 'meta': {}})
    whole = path.read_bytes()
    weights = load_checkpoint_file(path)['w']
    rng = np.random.RandomState(0)
    unseen = 0
    for place in rng.randint(0, len(whole), 200):
        content = bytearray(whole)
        content[place] ^= 1 << rng.randint(8)
        path.write_bytes(content)
        try:
            found = load_checkpoint_file(path)
        except ValueError as error:
            assert str(path) in str(error) and '\n' not in str(error)
        else:
            # Padding and fields that nobody reads: the content is the same.
            assert torch.equal(found['w'], weights)
            unseen += 1
    assert unseen < 20


def test_torchscript_is_refused(tmp_path):
    path = tmp_path / 'script.pt'
    torch.jit.save(torch.jit.trace(nn.Linear(1, 1), torch.ones(1)), path)
    with pytest.raises(ValueError, match='TorchScript'):
        load_checkpoint_file(path)


def test_damage_is_named(tmp_path, checkpoint_path):
    content = checkpoint_path.read_bytes()
    path = tmp_path / 'cut.pth'
    for size in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r'cut.pth .*cut short'):
            load_checkpoint_file(path)
    path.write_bytes(b'no checkpoint at all')
    with pytest.raises(ValueError, match='no checkpoint'):
        load_checkpoint_file(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.pth'):
        load_checkpoint_file(tmp_path / 'none.pth')
