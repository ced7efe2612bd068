"""Fixtures that several rooms share."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Generator, Iterator

import pytest

if TYPE_CHECKING:
    import torch

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    """Take what is imported out of the garbage collector's sight.

    mmengine collects garbage for each dataset that it builds; to walk through
    all of torch each time takes more than half of a tiny training.
    """
    gc.disable()
    try:
        # A process that only deals out tests needs no torch.
        if session.config.getoption('dist', 'no') == 'no':
            # Before any test imports MMAction2 by itself.
            import shapmix_mm  # noqa: F401
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    """So is what a test is the first to import, such as torch's compiler."""
    before = len(sys.modules)
    result = yield
    if len(sys.modules) > before + 50:
        gc.collect()
        gc.freeze()
    return result


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder of the real data; the test is skipped where it is absent."""
    default = ROOT.parent / 'shared'
    path = Path(os.environ.get('SHAPMIX_SHARED', default))
    if not (path / 'data').is_dir():
        pytest.skip(f'no real data in {path}; set SHAPMIX_SHARED')
    return path


def _uniform(stream: int, *shape: int) -> torch.Tensor:
    import numpy as np
    import torch

    with np.errstate(over='ignore'):
        state = np.arange(np.prod(shape), dtype=np.uint64)
        state += (np.uint64(stream) << np.uint64(32)) + np.uint64(
            0x9E3779B97F4A7C15
        )
        for shift, factor in (
            (30, 0xBF58476D1CE4E5B9),
            (27, 0x94D049BB133111EB),
        ):
            state ^= state >> np.uint64(shift)
            state *= np.uint64(factor)
        state ^= state >> np.uint64(31)
    values = (state >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1
    return torch.from_numpy(values.reshape(shape))


@pytest.fixture(scope='session')
def authors() -> Callable[[str], Any]:
    """Function that reads what the authors' code of a method gave."""
    import numpy as np

    folder = Path(__file__).with_name('authors_numbers')
    return lambda name: np.load(folder / f'{name}.npz')


@pytest.fixture(scope='session')
def uniform() -> Callable[..., torch.Tensor]:
    """Function of a stream's number and a shape: float64 in [-1, 1).

    It is the splitmix64 generator with which the inputs of the numbers in
    ``tests/authors_numbers`` were made.
    """
    return _uniform


@pytest.fixture(autouse=True, scope='session')
def _plain_config_text() -> Iterator[None]:
    """Laying config text out for readers takes half of a tiny run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            'mmengine.config.config.FormatCode',
            lambda text, **kwargs: (text, True),
        )
        yield


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are built, but one pixel is written in place of each."""
    from PIL import Image

    def save(figure: Any, path: Path, **kwargs: Any) -> None:
        Image.new('RGB', (1, 1)).save(path, format='png')

    monkeypatch.setattr('matplotlib.figure.Figure.savefig', save)


@pytest.fixture(autouse=True)
def _mmaction_scope():
    """Build as a runner does; a runner of an earlier test leaves its scope."""
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope('mmaction'):
        yield


@pytest.fixture
def no_waiting() -> Iterator[type[Any]]:
    """A watch for work that makes a CPU wait for a GPU; it counts operations.

    Tensors on PyTorch's meta device stand in for those on a GPU, and Beta can
    be drawn there. They have no numbers: to ask for one raises, and so does
    most of what mixes devices. The watch adds what the meta device lets pass.
    """
    import torch
    from torch.library import Library
    from torch.utils._python_dispatch import TorchDispatchMode

    class NoWaiting(TorchDispatchMode):
        calls = 0

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            self.calls += 1
            name = str(func)
            if 'aten.index' in name and isinstance(args[1], (list, tuple)):
                for index in args[1]:
                    if index is not None and index.numel():
                        assert index.device == args[0].device, f'{name} copies'
                        assert index.dtype != torch.bool, f'{name} waits'
            if '_to_copy' in name and kwargs.get('device') is not None:
                moved = torch.device(kwargs['device']) != args[0].device
                assert not moved or kwargs.get('non_blocking'), f'{name} waits'
            return func(*args, **kwargs)

    library = Library('aten', 'IMPL')
    library.impl(
        '_sample_dirichlet', lambda c, g=None: torch.empty_like(c), 'Meta'
    )
    yield NoWaiting
    library._destroy()
