"""Files on disk that are either as they were or completely rewritten."""

from __future__ import annotations

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from ..serialization import whole_file

__all__ = ['WholeFileBackend']


@register_backend('local', force=True, prefixes='')
class WholeFileBackend(LocalBackend):
    """MMEngine's local storage, with writes that a kill cannot halve.

    With ``save_best``, CheckpointHook writes the checkpoint of an epoch a
    second time after the validation, over the first. Source: mmengine
    0.10.7 truncates the file and then fills it, so that a kill in between
    takes the newest checkpoint away, in the first epoch the only one.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file beside its target, then move it there in one step.

        Args:
            obj (bytes): Content.
            filepath (str or Path): Where to; folders are made.
        """
        with whole_file(filepath) as part:
            super().put(obj, part)
