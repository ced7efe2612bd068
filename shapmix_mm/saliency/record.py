"""The saliency table after each epoch, kept on disk."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from shapmix_mm.serialization import whole_file

__all__ = ['SaliencyRecord']


class SaliencyRecord:
    """Snapshots of the table, one per epoch.

    The file is an ``.npz`` with ``epochs`` (E,), ``values`` and ``updates``
    (E, K, B), and ``members`` (B, P), which tells the parts of each column.

    Args:
        path (str or Path): The file.
        members (np.ndarray): Whether a combination has a part, bool, (B, P).
        num_classes (int): K.
    """

    def __init__(
        self, path: str | Path, members: np.ndarray, num_classes: int
    ) -> None:
        self.path = Path(path)
        self.members = np.asarray(members, dtype=bool)
        self.num_classes = num_classes
        self.epochs: list[int] = []
        self._tables: list[np.ndarray] = []

    def __len__(self) -> int:
        """Number of snapshots."""
        return len(self.epochs)

    @property
    def values(self) -> np.ndarray:
        """np.ndarray: Values at each epoch, float32, (E, K, B)."""
        return self._stacked()[:, 0]

    @property
    def updates(self) -> np.ndarray:
        """np.ndarray: Updates until each epoch, float32, (E, K, B)."""
        return self._stacked()[:, 1]

    def _stacked(self) -> np.ndarray:
        shape = (len(self), 2, self.num_classes, len(self.members))
        return np.array(self._tables, dtype=np.float32).reshape(shape)

    def add(self, epoch: int, values: np.ndarray, updates: np.ndarray) -> None:
        """Take a snapshot; it replaces those of this and later epochs.

        Args:
            epoch (int): Epoch that ended.
            values (np.ndarray): The table (K, B).
            updates (np.ndarray): Updates of each entry (K, B).
        """
        self.keep_until(epoch - 1)
        self.epochs.append(epoch)
        self._tables.append(np.stack([values, updates]).astype(np.float32))

    def keep_until(self, epoch: int) -> None:
        """Forget the snapshots of later epochs.

        Args:
            epoch (int): Last epoch to keep.
        """
        number = sum(known <= epoch for known in self.epochs)
        del self.epochs[number:], self._tables[number:]

    def save(self) -> None:
        """Write the file, in whole or not at all."""
        with whole_file(self.path) as part:
            np.savez_compressed(
                part,
                epochs=np.array(self.epochs, dtype=np.int64),
                values=self.values,
                updates=self.updates,
                members=self.members,
            )

    def load(self) -> None:
        """Read the file; without one the record stays as it is.

        Raises:
            ValueError: If the file is damaged or of another training; the
                record stays as it is.
        """
        if not self.path.is_file():
            return
        try:
            with np.load(self.path, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
            epochs = found['epochs'].tolist()
            tables = np.stack([found['values'], found['updates']], axis=1)
            members = found['members']
        except (
            EOFError,
            KeyError,
            OSError,
            TypeError,
            ValueError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise ValueError(
                f'{self.path} is damaged or no history of a saliency table '
                f'({type(error).__name__}: {error})'
            ) from error
        expected = (len(epochs), 2, self.num_classes, len(self.members))
        if tables.shape != expected or not np.array_equal(
            members, self.members
        ):
            raise ValueError(
                f'{self.path} has tables of shape {tables.shape[2:]} where '
                f'the model has {expected[2:]}, or of other parts'
            )
        if (np.diff(epochs) <= 0).any():
            raise ValueError(f'{self.path} has epochs out of order: {epochs}')
        self.epochs, self._tables = epochs, list(tables)
