"""One command, timed; it never outlives us."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence

PATIENCE = 1800.0  # seconds; far above any job here, so that a hanging one ends with a message
GRACE = 5.0  # seconds between asking and killing; mpiferry promises 2


class CommandFailed(Exception):
    """Says the command, how it ended, and all that it printed."""


def _environment() -> dict[str, str]:
    """Ours, without what would change the program's options behind the bench's back."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MPIFERRY_")}
    return {**kept, "XDG_CONFIG_HOME": os.devnull}  # no profile lies below it


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()  # mpirun hands it on to its ranks
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):  # other launchers may leave theirs behind
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(argv: Sequence[str], *, patience: float = PATIENCE, talkative: bool = False) -> float:
    """The seconds that it took. Raises CommandFailed unless it ended with 0, within `patience` seconds.
    The standard output of a talkative command is thrown away, which costs it least."""
    return capture(argv, patience=patience, talkative=talkative)[0]


def capture(argv: Sequence[str], *, patience: float = PATIENCE, talkative: bool = False) -> "tuple[float, str]":
    """The same, with what it printed."""
    began = time.perf_counter()
    # A session of its own: Ctrl-C reaches it through us, once, also when only we are signalled.
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL if talkative else subprocess.PIPE,
                          stderr=subprocess.PIPE if talkative else subprocess.STDOUT, text=True, errors="replace",
                          env=_environment(), start_new_session=True) as process:
        try:
            output, errors = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            _end(process)
            raise CommandFailed(f"{shlex.join(argv)}\nhad not ended after {patience:.0f} s") from None
        except BaseException:
            _end(process)
            raise
    seconds = time.perf_counter() - began
    printed = (output or "") + (errors or "")
    if process.returncode != 0:
        raise CommandFailed(f"{shlex.join(argv)}\nended with status {process.returncode}:\n{printed}")
    return seconds, printed
