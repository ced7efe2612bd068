"""What the names of raw files decide before any is read."""

from __future__ import annotations

from shapmix_mm.datasets.ntu import select_files
from shapmix_mm.datasets.preparation import Skipped, SourceFile


def test_files_are_ordered_by_sample_and_the_rest_is_told():
    names = [
        'b/S002C001P001R001A001.skeleton',
        'z/S001C001P001R001A001.skeleton',
        'a/S002C001P001R001A001.skeleton',
        'S001C001P001R001A002.skeleton',
        'notes.txt',
    ]
    files = [SourceFile('src', name, 1, 1) for name in names]
    chosen, skipped = select_files(files, 120, {'S001C001P001R001A002'})
    assert [file.name for file in chosen] == [names[1], names[2], names[0]]
    assert skipped[0] == Skipped(names[3], 'on the missing list')
    assert [entry.file for entry in skipped] == names[3:]


def test_copies_in_one_archive_stay_as_they_were_listed():
    name = 'S001C001P001R001A002.skeleton'
    later, earlier = (
        SourceFile('a.zip', name, 900, 1, 5000),
        SourceFile('a.zip', name, 100, 2, 0),
    )
    other = SourceFile('0.zip', name, 100, 2, 0)
    chosen, _ = select_files([later, earlier, other], 60)
    assert chosen == [other, later, earlier]
