"""Where a scenario's files are put, and fresh destinations for its runs."""

import os
import shutil
import time
from pathlib import Path

from measuring.scratch import Scratch

PAGE = 4096  # a file takes whole pages of tmpfs, and blocks of most disks
SETTLE = 45.0  # seconds; after a mass delete ext4 creates files slowly for some 40


def footprint(size: int, chunk: int) -> int:
    """The bytes that a job's chunk files take."""
    whole, rest = divmod(size, chunk)
    pages = lambda length: -(-length // PAGE) * PAGE  # noqa: E731
    return whole * pages(chunk) + pages(rest)


class Place:
    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch
        self.keep = False  # destinations until clear(), where deleting one slows the next run down
        self._made = 0

    def need(self, source: int, written: int, destinations: int = 1) -> None:
        """Raises NoSpace unless a source, so many destinations, and one more to warm up with fit."""
        if self._path(source).exists():
            source = 0
        self.scratch.need(source + written * (destinations + 1))

    def _path(self, size: int) -> Path:
        return self.scratch.path / f"source-{size}"

    def source(self, size: int) -> Path:
        """A file of this size, one for all scenarios; on a disk it is clean when the runs begin."""
        path = self._path(size)
        if not path.exists():
            self.scratch.file(path.name, size)
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return path

    def fresh(self, written: int) -> Path:
        """A new, empty directory, right after as much was written and deleted as the run will write."""
        if not self.keep:
            self._clear()
        self._made += 1
        directory = self.scratch.path / f"out-{self._made}"
        directory.mkdir()
        self.scratch.warm(written)
        return directory

    def _clear(self) -> bool:
        found = list(self.scratch.path.glob("out-*"))
        for directory in found:
            shutil.rmtree(directory)
        return bool(found)

    def clear(self, settle: float = 0) -> None:
        """Deletes the destinations; with `settle`, waits for the file system to get over it."""
        if self._clear() and settle:
            os.sync()
            time.sleep(settle)
