"""What ends a command with a message of one line or a few, and with an exit code."""

import os


class Failure(Exception):
    """Has what failed, where, why, and what to do."""

    code = 1


def error_text(error: BaseException) -> str:
    """Where and what, without the number of an OSError."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes, os.PathLike)) else ""
    return where + error.strerror
