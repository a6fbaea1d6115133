"""A source has bytes, which may change, and may come through a FIFO."""

from __future__ import annotations

import os
import random
from pathlib import Path


class Source:
    def __init__(self, directory: Path, size: int, rng: random.Random) -> None:
        self.file, self.fifo = directory / "source", directory / "fifo"
        self._rng = rng
        self.versions = [rng.randbytes(size)]  # all that it has been; the last one is what it is
        self._write()

    @property
    def data(self) -> bytes:
        return self.versions[-1]

    def change(self, how: str) -> None:
        data, rng = bytearray(self.data), self._rng
        if how == "longer":
            data += rng.randbytes(rng.randrange(1, max(2, len(data) // 4)))
        elif how == "shorter":
            del data[rng.randrange(len(data) // 2, len(data) + 1):]
        for _ in range(rng.randrange(1, 5)):
            if data:
                data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        self.versions.append(bytes(data))
        self._write()

    def make_fifo(self) -> list[str]:
        """Returns the command that feeds it."""
        self.fifo.unlink(missing_ok=True)
        os.mkfifo(self.fifo)
        return ["sh", "-c", 'exec cat "$1" >"$2"', "sh", str(self.file), str(self.fifo)]

    def _write(self) -> None:
        part = self.file.with_suffix(".part")  # another file: size and time of change could be the same
        part.write_bytes(self.data)
        part.replace(self.file)
