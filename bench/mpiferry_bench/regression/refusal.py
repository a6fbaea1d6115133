"""What ends a run without a verdict, and with which exit code."""

from ..measuring.failure import Failure

# UNDECIDED is noise alone: CI may let it pass. A job that fails is no noise.
GREEN, RED, USAGE, UNDECIDED, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 130


class Refusal(Failure):

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


class NoBase(Refusal):
    """There is nothing to compare with: for --short no error."""
