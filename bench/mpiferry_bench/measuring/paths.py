"""Files, directories and programs that an option names: what is wrong with one is reported before anything is done."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from .failure import Failure

ROOT = Path(__file__).resolve().parents[3]


def default_binary() -> Path:
    """The program of a build of this source tree."""
    built = [ROOT / "build" / name / "cli/mpiferry" for name in ("bench", "release")]
    return next(filter(Path.is_file, built), built[0])


class Unusable(Failure):
    """An option names what does not do. A usage error."""

    code = 2

    def __init__(self, option: str, path: object, why: str) -> None:
        super().__init__(f"{option} {path}: {why}")
        self.why = why


def directory(option: str, path: Path) -> Path:
    """Raises Unusable unless it is one, and something can be put there."""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise Unusable(option, path, "is not a directory")
    except FileNotFoundError:
        raise Unusable(option, path, "no such directory") from None
    except OSError as error:
        raise Unusable(option, path, error.strerror) from None
    try:
        with tempfile.TemporaryDirectory(prefix="mpiferry-bench-", dir=path):
            pass
    except OSError as error:
        raise Unusable(option, path, f"nothing can be written there: {error.strerror}") from None
    return path


def input_file(option: str, path: Path) -> Path:
    """Raises Unusable unless it is a regular file that can be read: a FIFO would be waited for for ever."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unusable(option, path, "is not a regular file")
        with open(path, "rb"):
            pass
    except OSError as error:
        raise Unusable(option, path, error.strerror) from None
    return path


def output_file(option: str, path: Path) -> Path:
    """Raises Unusable unless it can be made, or be replaced, beside which a part of it is written first."""
    if path.is_dir():
        raise Unusable(option, path, "is a directory, not a file")
    if path.exists() and not path.is_file():
        raise Unusable(option, path, "exists and is not a regular file, so it is not replaced")
    try:
        directory(option, path.parent)
    except Unusable as error:
        raise Unusable(option, path, f"{path.parent}: {error.why}") from None
    return path


def program(option: str, name: str) -> str:
    """The path of a program; a name without a slash is looked for on the PATH. Raises Unusable."""
    found = shutil.which(name)
    if found is not None:
        return found
    if os.sep not in name:
        raise Unusable(option, name, "no such program on the PATH")
    if os.path.isdir(name):
        raise Unusable(option, name, "is a directory, not a program")
    raise Unusable(option, name, "cannot be executed" if os.path.exists(name) else "no such program")


def mpiferry(option: str, path: Path) -> Path:
    """The same of what must be there under this very path."""
    if not path.exists():
        in_clone = (ROOT / "dev").is_file() and ROOT / "build" in path.absolute().parents
        raise Unusable(option, path, "no such program" + ("; ./dev bench builds it" if in_clone else ""))
    program(option, str(path.absolute()))
    return path
