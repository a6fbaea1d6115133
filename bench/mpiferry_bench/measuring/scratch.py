"""A directory of our own at the target: sources, destinations, warming; gone when the bench ends."""

from __future__ import annotations  # Python 3.9

import errno
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType

import psutil

from .failure import Failure
from .machine import file_system
from .sizes import GIB, MIB, show_size

IN_MEMORY = ("tmpfs", "ramfs")
REMEMBERS_DELETIONS = ("ext2", "ext3", "ext4")
FORGOTTEN = 61.0  # seconds: RECENTCY_MIN of ext4, for what has been synced
MOST_KEPT = 2_000_000  # files; they are deleted at the end, which takes a while
# Beside the files: tmpfs and the ranks live in the same memory.
RANKS = GIB // 2  # what the ranks of a job take at most, buffers included, in all that is measured here
SPARE = GIB // 2  # nobody's


class NoSpace(Failure):
    """Has how much is needed and how much is free."""


class Scratch:
    def __init__(self, target: Path) -> None:
        self.target = target
        self._kept = 0  # emptied files

    def __enter__(self) -> "Scratch":
        self._block = os.urandom(16 * MIB)  # first: it takes a while, and what interrupts it would leave the directory
        self.path = Path(tempfile.mkdtemp(prefix="mpiferry-bench-", dir=self.target))
        self._destination = self.path / "out"
        self._emptied = self.path / "emptied"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        # A second Ctrl-C, or a SIGTERM after it, must not leave gigabytes behind.
        before = {number: signal.signal(number, signal.SIG_IGN)
                  for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            shutil.rmtree(self.path)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def need(self, size: int) -> None:
        """Raises NoSpace unless `size` more bytes fit, and what warm() adds to them."""
        free = shutil.disk_usage(self.target).free
        if self._in_memory():
            free = min(free, psutil.virtual_memory().available)
        spare = SPARE + self._beside()
        if free < size + spare:
            raise NoSpace(f"{self.target}: {show_size(size)} and {show_size(spare)} to spare are "
                          f"needed, {show_size(free)} are free")

    def file(self, name: str, size: int) -> Path:
        """Random bytes; a block of them over and over, which no part of a transfer can notice."""
        path, left = self.path / name, size
        try:
            with open(path, "wb", buffering=0) as out:
                while left > 0:
                    left -= out.write(memoryview(self._block)[:left])
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpace(f"{self.target}: it became full while {show_size(size)} were written there "
                              f"({error.strerror}); make room, or measure less or elsewhere") from None
            raise OSError(error.errno, error.strerror, str(path)) from None
        return path

    def sparse_file(self, name: str, size: int) -> Path:
        path = self.path / name
        with open(path, "wb") as out:
            out.truncate(size)
        return path

    def warm(self, size: int) -> None:
        """Writes and deletes as much as the next run will write. The pages that a virtual machine freed go back to its
        host within seconds, and the first touch of one costs up to ten times the second: without this, what is
        measured is the pause since the last run. In memory it is some more: the ranks take pages of their own before
        they write, more of them where there are more ranks. A disk would begin to write so much back, beside the run."""
        self.file("warm", size + min(size, self._beside())).unlink()

    def _in_memory(self) -> bool:
        return file_system(self.target) in IN_MEMORY

    def _beside(self) -> int:
        """What warm() adds at most."""
        return RANKS if self._in_memory() else 0

    def destination(self) -> Path:
        """A new, empty directory; what was in the last one is gone."""
        self.clear()
        self._destination.mkdir()
        return self._destination

    def clear(self) -> None:
        """Deletes what the last run wrote; on ext4 only the bytes, and the empty files at the end. Without a journal it
        looks at every inode that was freed in the last minutes before it gives a new file one (recently_deleted() of
        its ialloc.c): after some thousand deletions a file takes a millisecond, and whoever makes many seems slow.
        When too many are kept, all go, and what follows waits until ext4 has forgotten them."""
        if not self._destination.exists():
            return
        kind = file_system(self.target)
        if kind in REMEMBERS_DELETIONS:
            self._set_aside()
        else:
            shutil.rmtree(self._destination)
        too_many = self._kept > self._most_kept()
        if too_many:
            shutil.rmtree(self._emptied)
            self._kept = 0
        if kind not in IN_MEMORY:
            os.sync()  # or the next run waits for what this has left
        if too_many:
            time.sleep(FORGOTTEN)

    def _set_aside(self) -> None:
        for parent, _, names in os.walk(self._destination):
            for path in (Path(parent, name) for name in names):
                if not path.is_symlink():
                    os.truncate(path, 0)
                self._kept += 1
        self._emptied.mkdir(exist_ok=True)
        self._destination.rename(tempfile.mkdtemp(dir=self._emptied))

    def _most_kept(self) -> int:
        free = os.statvfs(self.target).f_favail
        return min(MOST_KEPT, free // 2) if free else MOST_KEPT
