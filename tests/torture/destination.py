"""What lies in a destination, read by nothing of mpiferry: which chunks are whole, and whether all is there."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .finding import LOST, WRONG, Finding


def _read(path: Path, offset: int, length: int) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return os.pread(file.fileno(), length, offset)
    except OSError:
        return None


@dataclass(frozen=True)
class Destination:
    root: Path
    layout: str
    apart: bool
    chunk: int
    workers: int

    @property
    def argument(self) -> str:
        return str(self.root / "{rank}") if self.apart else str(self.root)

    def directory(self, rank: int) -> Path:
        return self.root / str(rank) if self.apart else self.root

    @property
    def manifest(self) -> Path:
        return self.directory(0) / "manifest.json"

    def whole(self, data: bytes) -> set[int]:
        """The chunks of `data` that lie, right and whole, where their own worker would look for them."""
        return {i for i in range(-(-len(data) // self.chunk)) if self._is_whole(i, data)}

    def holes(self, whole: set[int]) -> int:
        """The most chunks of a worker that are missing before one that is there."""
        worst = 0
        for worker in range(self.workers):
            mine = sorted(i // self.workers for i in whole if i % self.workers == worker)
            if mine:
                worst = max(worst, mine[-1] + 1 - len(mine))
        return worst

    def torn(self, versions: Sequence[bytes], worker_counts: Sequence[int]) -> Iterator[Finding]:
        """Files under a final name that no version of the source, cut for one of these numbers of workers, has."""
        for parent in {self.directory(rank) for rank in range(max(worker_counts) + 1)}:
            for path in sorted(parent.glob("*.bin")):
                if not any(path.read_bytes() == should for version in versions for workers in worker_counts
                           for should in self._final(path.name, version, workers)):
                    yield Finding(WRONG, f"{path}: has its final name, and is not whole")

    def compare(self, data: bytes) -> Iterator[Finding]:
        """By the manifest, as docs/reference/manifest.md says."""
        try:
            manifest = json.loads(self.manifest.read_bytes())
        except (OSError, ValueError) as error:
            yield Finding(LOST, f"{self.manifest}: {error}")
            return
        if manifest["size"] != len(data):
            yield Finding(WRONG, f"{self.manifest}: says {manifest['size']} bytes, the source has {len(data)}")
            return
        workers, moved, chunk = manifest["workers"], dict(manifest["moved"]), manifest["chunk_size"]
        ranks = {worker["rank"]: worker for worker in workers}
        for i in range(manifest["chunks"]):
            worker = ranks[moved[i]] if i in moved else workers[i % len(workers)]
            name, offset = manifest["file_names"].format(i=i, rank=worker["rank"]), 0
            if manifest["layout"] == "file":
                offset = i * chunk
            elif i in moved:
                name = f"chunk_{i}.bin"
            elif manifest["layout"] == "stripes":
                offset = i // len(workers) * chunk
            path, should = Path(worker["directory"], name), data[i * chunk:(i + 1) * chunk]
            found = _read(path, offset, len(should))
            if found is None or len(found) < len(should):
                yield Finding(LOST, f"{path}: chunk {i} is not there")
            elif found != should:
                yield Finding(WRONG, f"{path}: chunk {i}, at {offset}, differs from the source")

    def _is_whole(self, i: int, data: bytes) -> bool:
        should = data[i * self.chunk:(i + 1) * self.chunk]
        directory = self.directory(i % self.workers + 1)
        if self.layout == "chunks":
            path = directory / f"chunk_{i}.bin"
            return path.exists() and path.stat().st_size == len(should) and _read(path, 0, len(should)) == should
        name, offset = "file.bin", i * self.chunk
        if self.layout == "stripes":
            name, offset = f"stripe_{i % self.workers + 1}.bin", i // self.workers * self.chunk
        path = directory / f"{name}.part"
        return _read(path if path.exists() else directory / name, offset, len(should)) == should

    def _final(self, name: str, data: bytes, workers: int) -> Iterator[bytes]:
        if name == "file.bin":
            yield data
        elif match := re.fullmatch(r"chunk_(\d+)\.bin", name):
            begin = int(match[1]) * self.chunk
            if begin < len(data):
                yield data[begin:begin + self.chunk]
        elif match := re.fullmatch(r"stripe_(\d+)\.bin", name):
            if int(match[1]) <= workers:
                begins = range((int(match[1]) - 1) * self.chunk, len(data), workers * self.chunk)
                yield b"".join(data[begin:begin + self.chunk] for begin in begins)
