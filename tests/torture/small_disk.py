"""A tmpfs that fills. Only in a mount namespace of its own (hosts/isolation.py): nobody else sees it, none is left."""

from __future__ import annotations

import subprocess
from pathlib import Path

class SmallDisk:
    def __init__(self, path: Path, size: int) -> None:
        path.mkdir(parents=True)
        self._path = path
        self._mount("-t", "tmpfs", "-o", f"size={size}", "none")

    def enlarge(self) -> None:
        self._mount("-o", "remount,size=90%")

    def remove(self) -> None:
        subprocess.run(["umount", "--lazy", self._path], check=True)

    def _mount(self, *words: str) -> None:
        subprocess.run(["mount", *words, self._path], check=True)
