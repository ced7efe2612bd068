"""An unpickler that builds plain containers and numpy arrays, only these."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Callable, ClassVar

import numpy as np

from .numpy_parts import NUMPY_GLOBALS, check_dtype_state
from .refusal import PickleRefused

__all__ = ['RestrictedUnpickler']


def _encode_latin1(text: str, encoding: str = 'latin1') -> bytes:
    """Stand in for ``_codecs.encode``, in which old pickles wrap bytes."""
    if encoding not in ('latin1', 'latin-1'):
        raise PickleRefused(f'the text encoding {encoding!r}')
    return text.encode('latin1')


PLAIN_GLOBALS: dict[tuple[str, str], Any] = {
    ('builtins', 'bool'): bool,
    ('builtins', 'bytearray'): bytearray,
    ('builtins', 'complex'): complex,
    ('builtins', 'dict'): dict,
    ('builtins', 'float'): float,
    ('builtins', 'frozenset'): frozenset,
    ('builtins', 'int'): int,
    ('builtins', 'list'): list,
    ('builtins', 'range'): range,
    ('builtins', 'set'): set,
    ('builtins', 'slice'): slice,
    ('builtins', 'str'): str,
    ('builtins', 'tuple'): tuple,
    # Names of Python 2, which protocols 0 to 2 still write.
    ('builtins', 'long'): int,
    ('builtins', 'unicode'): str,
    ('builtins', 'xrange'): range,
    ('collections', 'OrderedDict'): OrderedDict,
    ('_codecs', 'encode'): _encode_latin1,
}

_OLD_MODULES = {'__builtin__': 'builtins', 'copy_reg': 'copyreg'}

# The interpreted twin of pickle.Unpickler. The compiled one offers no way to
# look at the state before BUILD applies it, and a forged dtype state lets
# numpy take raw bytes for object pointers. It costs about 6 s instead of 1 s
# for the 114,000 samples of NTU RGB+D 120.
_PurePythonUnpickler: Any = pickle._Unpickler  # type: ignore[attr-defined]


class RestrictedUnpickler(_PurePythonUnpickler):
    """Unpickler with a closed list of what may be named and built.

    A global that is not on the list is refused before it is imported, and
    state is applied to instances of listed types only: never to a class or
    a function, which other code would go on to use.

    Args:
        file (BinaryIO): Pickle, opened for reading.
        **kwargs: As :class:`pickle.Unpickler`, such as ``encoding``.

    Raises:
        PickleRefused: From :meth:`load`, naming what was asked for.
    """

    allowed: ClassVar[Mapping[tuple[str, str], Any]] = {
        **PLAIN_GLOBALS,
        **NUMPY_GLOBALS,
    }
    buildable: ClassVar[tuple[type, ...]] = (OrderedDict, np.ndarray, np.dtype)
    dispatch: ClassVar[dict[int, Callable]] = dict(
        _PurePythonUnpickler.dispatch
    )

    def find_class(self, module: str, name: str) -> Any:
        """Return what a global stands for.

        Args:
            module (str): Its module, as the pickle names it.
            name (str): Its name there.

        Returns:
            Any: The object, or a stricter one that gives the same data.

        Raises:
            PickleRefused: If it is not on the list.
        """
        key = (_OLD_MODULES.get(module, module), name)
        if key not in self.allowed:
            raise PickleRefused(f'{module}.{name}')
        return self.allowed[key]

    def check_state(self, instance: Any, state: Any) -> None:
        """Refuse state that must not be applied.

        Args:
            instance (Any): Object that is about to receive the state.
            state (Any): The state.

        Raises:
            PickleRefused: If the pair does not come from plain data.
        """
        kind = type(instance)
        if not isinstance(instance, np.dtype) and kind not in self.buildable:
            raise PickleRefused(f'state for a {kind.__name__}')
        if isinstance(instance, np.dtype) and not check_dtype_state(
            instance, state
        ):
            raise PickleRefused(f'a forged or structured dtype {state!r}')
        if isinstance(instance, OrderedDict) and not isinstance(state, dict):
            raise PickleRefused('slots of an OrderedDict')

    def load_build(self) -> None:
        """Apply state to the object below it on the stack, when it may."""
        self.check_state(self.stack[-2], self.stack[-1])
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build
