"""A pretended GPU: tensors on a device of their own, computed by the CPU.

Without a GPU it shows the two faults that only a GPU shows otherwise: tensors
of two devices in one operation (an error, as on CUDA), and operations that
make the CPU wait for the device. Those and copies to the device are counted
by the line that asks for them::

    with pretended() as log:
        move(model)                  # parameters and buffers, in place
        model.train_step(data, optim_wrapper)
    log.waits, log.uploads           # Counters of 'operation file:line source'

The device is torch's ``lazy:0``, whose autograd runs on the CPU;
``Tensor.cuda()``, ``.to('cuda')``, factories and ``.to(tensor)`` reach it.
Results are those of the CPU. Not covered: autocast to float16 with a scaler
(autocast runs as that of the CPU), streams, NCCL, memory, the differences of
kernels; ``torch.cuda.is_available()`` stays False. An operation costs some 50
microseconds, so that networks have to be small.
"""

from __future__ import annotations

import contextlib
import dataclasses
import linecache
import sys
from collections import Counter
from typing import Any, Iterator

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    return_and_correct_aliasing,
)

DEVICE = torch.device('lazy', 0)
aten = torch.ops.aten
# The size or the value of the result is needed on the CPU: CUDA stops.
WAITING = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten.equal.default,
    aten._unique2.default,
    aten.unique_dim.default,
    aten.unique_consecutive.default,
    aten.repeat_interleave.Tensor,
    aten.bincount.default,
}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
FACTORIES = (torch.tensor, torch.as_tensor, torch.asarray)


@dataclasses.dataclass
class Log:
    """What crossed between CPU and device.

    Args:
        package (str): Package whose innermost line names a crossing.
        waits (Counter): Waits of the CPU by operation and line.
        uploads (Counter): Copies to the device, likewise.
    """

    package: str
    waits: Counter = dataclasses.field(default_factory=Counter)
    uploads: Counter = dataclasses.field(default_factory=Counter)

    def wait(self, what: object) -> None:
        """Count a wait at the present line."""
        self.waits[f'{what} {self.place()}'] += 1

    def upload(self, what: object) -> None:
        """Count a copy to the device at the present line."""
        self.uploads[f'{what} {self.place()}'] += 1

    def place(self) -> str:
        """File, number and source of the line that asks."""
        frame = sys._getframe(1)
        while frame.f_back is not None and (
            frame.f_code.co_filename == __file__
            or '/torch/' in frame.f_code.co_filename
        ):
            frame = frame.f_back
        name, number = frame.f_code.co_filename, frame.f_lineno
        path = name.rsplit('/site-packages/')[-1]
        inside = f'/{self.package}/'
        if inside in path:
            path = inside[1:] + path.rsplit(inside, 1)[1]
        return f'{path}:{number} {linecache.getline(name, number).strip()}'


_log = Log('')


class Pretended(Tensor):
    """A tensor of the pretended device; ``inner`` holds its values."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: Tensor) -> Pretended:
        out = Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
            device=DEVICE,
        )
        out.inner = inner
        return out

    def __repr__(self, *args: object, **kwargs: object) -> str:
        return f'Pretended({self.inner!r})'

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(func, args, kwargs or {})


def _on_device(device: Any) -> bool:
    kinds = (DEVICE.type, 'cuda')
    return device is not None and torch.device(device).type in kinds


def _wrap(value: Any) -> Any:
    plain = isinstance(value, Tensor) and not isinstance(value, Pretended)
    return Pretended(value) if plain else value


def _unwrap(value: Any) -> Any:
    return value.inner if isinstance(value, Pretended) else value


def _leaves(value: Any) -> Iterator[Tensor]:
    """Tensors of arguments; torch's own walk takes half of a training."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        yield from _leaves((*value.values(),))


def _map(call: Any, value: Any) -> Any:
    """Call something for each tensor of arguments or results."""
    if isinstance(value, Tensor):
        return call(value)
    if isinstance(value, (tuple, list)):
        return type(value)([_map(call, item) for item in value])
    if isinstance(value, dict):
        return {key: _map(call, item) for key, item in value.items()}
    return value


def _run(func: Any, args: Any, kwargs: dict) -> Any:
    """Run an operation on the CPU as if where its tensors say they are."""
    tensors = [*_leaves((args, kwargs))]
    device = [t for t in tensors if isinstance(t, Pretended)]
    cpu = [t for t in tensors if not isinstance(t, Pretended)]
    named = kwargs.get('device')
    stays = _on_device(named) or (named is None and bool(device))
    _count(func, args, device, cpu, stays)
    inner_args, inner_kwargs = _map(_unwrap, (args, kwargs))
    if _on_device(named):
        inner_kwargs['device'] = torch.device('cpu')
    out = func(*inner_args, **inner_kwargs)
    if func is aten.copy_.default:
        return args[0]
    if not stays or func is aten._local_scalar_dense.default:
        return out
    out = _map(_wrap, out)
    if not device or named is not None:
        return out
    return return_and_correct_aliasing(func, args, kwargs, out)


def _count(func: Any, args: Any, device: list, cpu: list, stays: bool) -> None:
    """Count what an operation costs, and refuse what no GPU can do."""
    if device and func in WAITING:
        _log.wait(func)
    if device and func is aten.index.Tensor:
        if any(torch.is_tensor(t) and t.dtype == torch.bool for t in args[1]):
            _log.wait('index by mask')
    if func is aten._to_copy.default and bool(device) != stays:
        (_log.upload if stays else _log.wait)('copy')
    if not (device and cpu):
        return
    if func is aten.copy_.default:
        up = isinstance(args[0], Pretended)
        (_log.upload if up else _log.wait)('copy_')
    elif func in INDEXING:
        _log.upload('index of the CPU')
    elif any(t.dim() for t in cpu):
        here, there = ([tuple(t.shape) for t in ts] for ts in (cpu, device))
        raise RuntimeError(
            f'{func}: tensors of two devices, {here} on the CPU and {there} '
            'on the pretended GPU'
        )


class _Dispatch(TorchDispatchMode):
    """Makes factories and CPU tensors meet the device."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if _on_device(kwargs.get('device')) or any(
            isinstance(t, Pretended) for t in _leaves((args, kwargs))
        ):
            return _run(func, args, kwargs)
        return func(*args, **kwargs)


def _index(index: Any) -> Any:
    """Indices as a GPU gets them: a list is copied, and waited for."""
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    if isinstance(index, list):
        _log.wait('index by list')
        return _wrap(torch.tensor(index))
    return index


class _Functions(TorchFunctionMode):
    """What torch resolves before it dispatches."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        first = args[0] if args else None
        if func is Tensor.cuda:
            return to_device(first)
        if func in FACTORIES and _on_device(kwargs.get('device')):
            _log.upload(func.__name__)
            return to_device(func(*args, **{**kwargs, 'device': 'cpu'}))
        if not isinstance(first, Pretended):
            return func(*args, **kwargs)
        if func is Tensor.new_tensor and 'device' not in kwargs:
            _log.upload('new_tensor')
            dtype = kwargs.get('dtype', first.dtype)
            return _wrap(torch.tensor(args[1], dtype=dtype))
        if func in (Tensor.__getitem__, Tensor.__setitem__):
            args = (first, _index(args[1]), *args[2:])
            return func(*args, **kwargs)
        if func is Tensor.numpy:
            raise TypeError(
                "can't convert a tensor of the pretended GPU to numpy, copy "
                'it to the CPU first'
            )
        if func is Tensor.tolist:
            _log.wait('tolist')
            return first.inner.tolist()
        return func(*args, **kwargs)


class _Upload(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return Pretended(x.detach())

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Tensor:
        return grad.inner


class _Autocast(torch.autocast):
    def __init__(self, device_type: str, *args: Any, **kwargs: Any) -> None:
        here = 'cpu' if _on_device(device_type) else device_type
        super().__init__(here, *args, **kwargs)


def to_device(tensor: Tensor) -> Tensor:
    """Return a tensor on the pretended GPU."""
    if isinstance(tensor, Pretended):
        return tensor
    if tensor.requires_grad:
        return _Upload.apply(tensor)
    return Pretended(tensor.detach())


def move(module: nn.Module) -> nn.Module:
    """Put a model onto the pretended GPU, in place; build optimizers later."""
    for part in module.modules():
        for name, value in part._parameters.items():
            if value is not None:
                moved = Pretended(value.detach().clone())
                part._parameters[name] = nn.Parameter(
                    moved, value.requires_grad
                )
        for name, value in part._buffers.items():
            if value is not None:
                part._buffers[name] = Pretended(value.detach().clone())
        if hasattr(part, '_device'):  # mmengine's data preprocessor
            part._device = DEVICE
    return module


@contextlib.contextmanager
def pretended(package: str = 'shapmix_mm') -> Iterator[Log]:
    """Count waits and uploads of what runs inside.

    Args:
        package (str): Package whose lines name them.

    Yields:
        Log: The counts.
    """
    global _log
    before, _log = _log, Log(package)
    stock, torch.autocast = torch.autocast, _Autocast
    try:
        with _Functions(), _Dispatch():
            yield _log
    finally:
        torch.autocast, _log = stock, before
