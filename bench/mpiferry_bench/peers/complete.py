"""Whether a peer really copied what it was given: a broken one must not count as fast."""

import os
from pathlib import Path

from ..measuring.command import CommandFailed

SAMPLES = 16
BLOCK = 64 << 10


def _spread(count: int) -> "list[int]":
    """Up to SAMPLES of 0 .. count-1, the first and the last among them."""
    return sorted({index * (count - 1) // (SAMPLES - 1) for index in range(SAMPLES)}) if count else []


def check_copy(source: Path, copy: Path) -> None:
    """Raises CommandFailed unless the sizes are the same, and a sample of the bytes."""
    size = source.stat().st_size
    if not copy.is_file() or copy.stat().st_size != size:
        raise CommandFailed(f"{copy.name}: {copy.stat().st_size if copy.exists() else 'no'} bytes of {size}")
    with open(source, "rb") as left, open(copy, "rb") as right:
        for block in _spread(-(-size // BLOCK)):
            left.seek(block * BLOCK)
            right.seek(block * BLOCK)
            if left.read(BLOCK) != right.read(BLOCK):
                raise CommandFailed(f"{copy.name} differs from its source at offset {block * BLOCK} or later")


def check_chunks(source: Path, directory: Path, chunk: int) -> None:
    """Raises CommandFailed unless all chunk files are there, with all bytes, and a sample is right."""
    size = source.stat().st_size
    count = -(-size // chunk)
    found = total = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith("chunk_") and entry.name.endswith(".bin"):
                found += 1
                total += entry.stat().st_size
    if (found, total) != (count, size):
        raise CommandFailed(f"{found} of {count} chunk files with {total} of {size} bytes")
    with open(source, "rb") as file:
        for index in _spread(count):
            file.seek(index * chunk)
            if (directory / f"chunk_{index}.bin").read_bytes() != file.read(chunk):
                raise CommandFailed(f"chunk_{index}.bin differs from its part of the source")
