"""Files and directories that the user asked for."""

from __future__ import annotations  # Python 3.9

import os
import tempfile
from pathlib import Path


class CanNotWrite(Exception):
    """Says the option, the path and why."""


def _try_to_write(path: Path) -> str:
    """Why it can not be written, or nothing. It is tried, as permissions say too little: root has all of them,
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
        why = f"can not be written: {error.strerror}"
    if why:
        raise CanNotWrite(f"{option} {path}: {why}; name another file")


def write(option: str, path: Path | None, text: str, mode: str = "w") -> None:
    if path is None:
        return
    try:
        with open(path, mode, encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise CanNotWrite(f"{option} {path}: {error.strerror}") from None


def check_directory(option: str, path: Path | None) -> None:
    """Whether it is there, and something can be made in it."""
    if path is None:
        return
    try:
        if not path.is_dir():
            raise CanNotWrite(f"{option} {path}: is no directory; name one that exists")
        os.rmdir(tempfile.mkdtemp(prefix="mpiferry-", dir=path))
    except OSError as error:
        raise CanNotWrite(f"{option} {path}: may not be written: {error.strerror}; name another directory") from None


def check_new_directory(option: str, path: Path) -> None:
    """Whether it is such a directory, or can become one; nothing is left of trying."""
    there = path.absolute()
    while not os.path.lexists(there):
        there = there.parent
    try:
        check_directory(option, there)
    except CanNotWrite as error:
        if there == path.absolute():
            raise
        raise CanNotWrite(f"{option} {path}: can not be made: {str(error).partition(' ')[2]}") from None
