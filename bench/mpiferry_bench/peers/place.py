"""Where a scenario's files are put, and fresh destinations for its runs."""

import os
from pathlib import Path

from ..measuring.scratch import Scratch

PAGE = 4096  # a file takes whole pages of tmpfs, and blocks of most disks


def footprint(size: int, chunk: int) -> int:
    """The bytes that a job's chunk files take."""
    whole, rest = divmod(size, chunk)
    pages = lambda length: -(-length // PAGE) * PAGE  # noqa: E731
    return whole * pages(chunk) + pages(rest)


class Place:
    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch

    def need(self, source: int, written: int) -> None:
        """Raises NoSpace unless a source and a destination fit; what warms is gone before the destination is written."""
        if self._path(source).exists():
            source = 0
        self.scratch.need(source + written)

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
        directory = self.scratch.destination()
        self.scratch.warm(written)
        return directory
