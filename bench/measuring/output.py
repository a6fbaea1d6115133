"""Files that the user asked for."""

import os
from pathlib import Path


class CanNotWrite(Exception):
    """Says the option, the file and why."""


def check(option: str, path: "Path | None") -> None:
    """Before anything is measured: whether `path` could be written. Makes nothing."""
    if path is None:
        return
    parent = path.absolute().parent
    if path.is_dir():
        why = "is a directory"
    elif not parent.is_dir():
        why = f"there is no directory {parent}"
    elif not os.access(path if path.exists() else parent, os.W_OK):
        why = "may not be written"
    else:
        return
    raise CanNotWrite(f"{option} {path}: {why}; name another file")


def write(option: str, path: "Path | None", text: str) -> None:
    if path is None:
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CanNotWrite(f"{option} {path}: {error.strerror}") from None


def check_directory(option: str, path: "Path | None") -> None:
    """Whether files can be made in it."""
    if path is None:
        return
    if not path.is_dir():
        raise CanNotWrite(f"{option} {path}: is no directory; name one that exists")
    if not os.access(path, os.W_OK | os.X_OK):
        raise CanNotWrite(f"{option} {path}: may not be written; name another directory")
