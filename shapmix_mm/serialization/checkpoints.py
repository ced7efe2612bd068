"""Reading checkpoints: all that MMEngine writes, nothing that runs code."""

from __future__ import annotations

import os
import tarfile
import types
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, BinaryIO, Callable, ClassVar

import torch

from .config_text import data_only
from .refusal import PickleRefused
from .unpickler import RestrictedUnpickler
from .whole_checkpoints import damaged_record

__all__ = ['load_checkpoint_file']

_HISTORY = ('mmengine.logging.history_buffer', 'HistoryBuffer')
_CONFIG = ('mmengine.config.config', 'ConfigDict')
# Of a text by others in a message.
_LONGEST = 300
_STATISTICS = ('min', 'max', 'current', 'mean')


def _history_buffer() -> Any:
    from mmengine.logging import HistoryBuffer

    return HistoryBuffer


def _config_dict() -> Any:
    from mmengine.config import ConfigDict

    return ConfigDict


def _get_statistic(owner: Any, name: Any) -> Any:
    """Stand in for ``getattr``, which pickles a HistoryBuffer's methods."""
    if owner is not _history_buffer() or name not in _STATISTICS:
        raise PickleRefused(f'builtins.getattr of {name!r}')
    return getattr(owner, name)


class PlainDict(dict):
    """Stands for the dicts of mmcv's configs, which lie in old meta."""

    def __setstate__(self, state: Any) -> None:
        """Take nothing over: the items come by themselves."""


class CheckpointUnpickler(RestrictedUnpickler):
    """Unpickler of what MMEngine writes into a checkpoint."""

    allowed: ClassVar[Mapping[tuple[str, str], Any]] = {
        **RestrictedUnpickler.allowed,
        ('builtins', 'getattr'): _get_statistic,
        ('collections', 'Counter'): Counter,
        ('collections', 'defaultdict'): defaultdict,
        ('addict.addict', 'Dict'): PlainDict,
        ('mmcv.utils.config', 'ConfigDict'): PlainDict,
        ('torch', 'Size'): torch.Size,
        ('torch', 'device'): torch.device,
        ('torch._utils', '_rebuild_parameter'): (
            torch._utils._rebuild_parameter
        ),
        ('torch._utils', '_rebuild_tensor'): torch._utils._rebuild_tensor,
        ('torch._utils', '_rebuild_tensor_v2'): (
            torch._utils._rebuild_tensor_v2
        ),
    }
    buildable: ClassVar[tuple[type, ...]] = (
        *RestrictedUnpickler.buildable,
        PlainDict,
    )
    # Imported when a checkpoint names them, so that reading one that does
    # not needs torch only.
    lazy: ClassVar[Mapping[tuple[str, str], Callable[[], Any]]] = {
        _HISTORY: _history_buffer,
        _CONFIG: _config_dict,
    }

    def find_class(self, module: str, name: str) -> Any:
        """See :meth:`RestrictedUnpickler.find_class`."""
        if (module, name) in self.lazy:
            return self.lazy[(module, name)]()
        if module == 'torch':
            member = vars(torch).get(name)
            if isinstance(member, torch.dtype):
                return member
        return super().find_class(module, name)

    def check_state(self, instance: Any, state: Any) -> None:
        """See :meth:`RestrictedUnpickler.check_state`."""
        kind = type(instance)
        if (kind.__module__, kind.__name__) != _HISTORY:
            super().check_state(instance, state)
            return
        # HistoryBuffer writes these into a table of the class.
        methods = dict(state).get('statistics_methods', {})
        for name, method in methods.items():
            if method is not getattr(kind, str(name), None):
                raise PickleRefused(f'the statistics method {name!r}')


def _load(file: BinaryIO, **kwargs: Any) -> Any:
    return CheckpointUnpickler(file, **kwargs).load()


_PICKLE_MODULE: Any = types.SimpleNamespace(
    __name__=__name__, Unpickler=CheckpointUnpickler, load=_load
)


def load_checkpoint_file(
    path: str | os.PathLike[str], map_location: Any = None
) -> Any:
    """Read a checkpoint without running anything in it.

    Admitted are tensors, parameters, plain containers, numpy arrays and
    scalars, MMEngine's HistoryBuffer and ConfigDict, and what mmcv and addict
    called so. Of the config texts in ``meta``, which MMEngine runs later,
    what is more than data is left out with a warning. The records of a zip
    file are compared with their checksums first.

    Args:
        path (str | os.PathLike): Checkpoint on this machine.
        map_location (Any): As :func:`torch.load`. Defaults to None.

    Returns:
        Any: The checkpoint, as :func:`torch.load` returns it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut short, is no checkpoint, or would run
            code; names what.
    """
    path = os.path.expanduser(os.fspath(path))
    if not os.path.isfile(path):
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    _check_container(path)
    try:
        checkpoint = torch.load(
            path,
            map_location=map_location,
            pickle_module=_PICKLE_MODULE,
            weights_only=False,
        )
    except PickleRefused as error:
        raise ValueError(
            f'checkpoint {path} asks for {error}, which is not among what '
            'MMEngine writes and could run code; nothing of it was run'
        ) from error
    except Exception as error:
        # A damaged pickle can fail in any opcode, with any exception.
        detail = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise ValueError(
            f'checkpoint {path} is cut short, damaged or no checkpoint '
            f'({detail[:_LONGEST]})'
        ) from error
    _keep_data(path, checkpoint)
    return checkpoint


def _check_container(path: str) -> None:
    """Refuse the two containers that torch.load reads by other means."""
    if zipfile.is_zipfile(path):
        record = damaged_record(path)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if record is not None:
            raise ValueError(
                f'checkpoint {path} is damaged: its record {record} does not '
                'match its checksum'
            )
        if any(name.endswith('constants.pkl') for name in names):
            raise ValueError(
                f'checkpoint {path} is a TorchScript program, expected weights'
            )
    if tarfile.is_tarfile(path):
        raise ValueError(
            f'checkpoint {path} is a tar archive of torch before 0.1.10, '
            'expected a zip file or a pickle'
        )


def _keep_data(path: str, checkpoint: Any) -> None:
    """Leave out of the config texts what MMEngine would run."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if not isinstance(meta, dict):
        return
    for key in ('cfg', 'config'):
        if isinstance(meta.get(key), str):
            meta[key], dropped = data_only(meta[key])
            if dropped:
                warnings.warn(
                    f'checkpoint {path}: left out of meta[{key!r}], for it is '
                    f'more than data: {"; ".join(dropped)[:_LONGEST]}',
                    stacklevel=3,
                )
