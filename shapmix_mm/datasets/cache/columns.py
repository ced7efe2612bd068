"""One key of all samples, as arrays on disk, read row by row."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...serialization import RestrictedUnpickler

# What plain numbers come back as; other kinds of column are 'array', 'text',
# 'scalar' (of numpy) and 'rest' (pickled dicts of the other keys).
NUMBERS: Mapping[str, Callable[[Any], Any]] = {
    'int': int,
    'float': float,
    'tuple': tuple,
    'list': list,
}


class ArrayColumn:
    """Arrays of any shape and dtype, end to end in one file per dtype.

    Args:
        place (np.ndarray): Form, first element and shape of each row's
            array, int64, shape (n, 2 + most dimensions); form -1 where the
            sample lacks the key.
        forms (list[dict]): For each form its ``dtype``, ``ndim`` and
            ``order``, the axes from the slowest to the fastest in memory.
        data (dict[str, np.ndarray]): Values of each dtype.
    """

    def __init__(
        self,
        place: np.ndarray,
        forms: list[dict],
        data: Mapping[str, np.ndarray],
    ) -> None:
        self.place = place
        self._forms = [
            (
                data[form['dtype']],
                form['ndim'],
                None
                if form['order'] == sorted(form['order'])
                else (form['order'], np.argsort(form['order']).tolist()),
            )
            for form in forms
        ]

    def __contains__(self, row: int) -> bool:
        return bool(self.place[row, 0] >= 0)

    def __getitem__(self, row: int) -> np.ndarray:
        """Read a copy, so that a transform may write to it."""
        form, start, *shape = self.place[row].tolist()
        data, ndim, order = self._forms[form]
        del shape[ndim:]
        size = 1
        for length in shape:
            size *= length
        flat = data[start : start + size].copy()
        if order is None:
            return flat.reshape(shape)
        # The axes lie in memory as they did, for what follows may be sums.
        return flat.reshape([shape[i] for i in order[0]]).transpose(order[1])

    def lengths(self, axis: int) -> np.ndarray:
        """Length of one axis of each row's array.

        Args:
            axis (int): The axis, from the front.

        Returns:
            np.ndarray: Lengths, int64, shape (n,); -1 without the key.
        """
        return np.where(self.place[:, 0] < 0, -1, self.place[:, 2 + axis])


class ValueColumn:
    """Numbers, tuples of numbers or text, one of a kind in every row.

    Args:
        kind (str): ``'text'``, ``'scalar'`` or one of NUMBERS.
        values (np.ndarray): One entry for each row.
    """

    def __init__(self, kind: str, values: np.ndarray) -> None:
        self.kind, self.values = kind, values

    def __contains__(self, row: int) -> bool:
        return True

    def __getitem__(self, row: int) -> Any:
        value = self.values[row]
        if self.kind == 'scalar':
            return value
        if self.kind == 'text':
            return str(value)
        return NUMBERS[self.kind](value.tolist())


def read_rest(column: ArrayColumn, row: int) -> dict[str, Any]:
    """Read what only a pickle could hold, which runs no code.

    Args:
        column (ArrayColumn): Bytes of the pickles.
        row (int): The sample.

    Returns:
        dict: Keys and values.
    """
    if row not in column:
        return {}
    return RestrictedUnpickler(io.BytesIO(column[row].tobytes())).load()
