"""Files that are replaced as a whole, or written where they are named, devices and pipes too; and directories."""

from __future__ import annotations  # Python 3.9

import os
from pathlib import Path

from .paths import Unusable, directory


def _try_to_write(path: Path) -> str:
    """Why it cannot be written, or nothing. It is tried, as permissions are not enough: root has all of them,
    and /proc takes no file. A file that was there stays as it was, and none is left that was not."""
    parent = path.absolute().parent
    real = Path(os.path.realpath(path))  # a link may lead to what is still to be made
    if real.is_dir():
        return "is a directory"
    if not parent.is_dir():
        return f"there is no directory {parent}"
    if not real.exists():
        os.close(os.open(real, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        real.unlink()
    elif real.is_file():
        os.close(os.open(real, os.O_WRONLY))
    elif not os.access(real, os.W_OK):  # to open a pipe would wait for its reader
        return "may not be written"
    return ""


def check(option: str, path: Path | None) -> None:
    """Before anything is measured: whether `path` can be written."""
    if path is None:
        return
    try:
        why = _try_to_write(path)
    except OSError as error:
        why = f"cannot be written: {error.strerror}"
    if why:
        raise Unusable(option, path, f"{why}; name another file")


def write(option: str, path: Path | None, text: str, mode: str = "w") -> None:
    if path is None:
        return
    try:
        with open(path, mode, encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise Unusable(option, path, error.strerror) from None


def check_new_directory(option: str, path: Path) -> None:
    """Whether it is such a directory, or can become one; nothing is left of trying."""
    there = path.absolute()
    while not os.path.lexists(there):
        there = there.parent
    try:
        directory(option, there)
    except Unusable as error:
        if there == path.absolute():
            raise
        raise Unusable(option, path, f"cannot be made: {there}: {error.why}") from None


def _part(path: Path, text: str) -> Path:
    """All of a file, under another name; nothing if that fails."""
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with open(part, "x", encoding="utf-8") as out:
            out.write(text)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    return part


def publish(*files: tuple[Path, str]) -> None:
    """All of them, or none."""
    parts: list[Path] = []
    try:
        for path, text in files:
            parts.append(_part(path, text))
        for part, (path, _) in zip(parts, files):
            os.replace(part, path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
