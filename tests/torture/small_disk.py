"""A tmpfs that fills, in a private mount namespace, so that nobody else sees it and none is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_INSIDE = "TORTURE_MOUNTS"  # set in the namespace; "no: REASON" where there is none
_UNSHARE = ["unshare", "--mount", "--propagation", "private"]


def enter() -> str | None:
    """Starts this program again in a namespace of its own, and returns nothing there; where there can be none, why."""
    if os.environ.get(_INSIDE) == "yes":
        return None
    if why := _obstacle():
        return why
    os.execvpe(_UNSHARE[0], [*_UNSHARE, sys.executable, *sys.argv], {**os.environ, _INSIDE: "yes"})


def _obstacle() -> str | None:
    if os.geteuid() != 0:
        return "only root can mount a small tmpfs"
    if shutil.which(_UNSHARE[0]) is None:
        return "there is no unshare (util-linux)"
    tried = subprocess.run([*_UNSHARE, "sh", "-c", "mount -t tmpfs none /tmp"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no private mounts here: {tried.stderr.strip()}"


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
