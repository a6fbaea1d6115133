"""One command, timed; it never outlives us."""

import contextlib
import os
import resource
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from .failure import Failure

PATIENCE = 1800.0  # seconds; far above any job here, so that a hanging one ends with a message
GRACE = 5.0  # seconds between asking and killing; mpiferry promises 2


class CommandFailed(Failure):
    """Has the command, how it ended, and all that it printed."""


def _environment() -> dict[str, str]:
    """Ours, without what would change the program's options behind the bench's back."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MPIFERRY_")}
    return {**kept, "XDG_CONFIG_HOME": os.devnull}  # no profile lies below it


def _end(process: "subprocess.Popen[str]") -> None:
    """Asks, and after GRACE kills what is left: MPICH gives proxies and ranks sessions of their own, and what has lost
    its parent is still in the group."""
    descendants = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()  # mpirun hands it on to its ranks
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for one in descendants:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


@contextlib.contextmanager
def started(argv: Sequence[str], **how: Any) -> "Iterator[subprocess.Popen[str]]":
    """A process that does not outlive us, in a session of its own: Ctrl-C reaches it through us, once, also when only
    we are signalled."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, **how) as process:
        try:
            yield process
        except BaseException:
            _end(process)
            raise


def children_cpu_seconds() -> float:
    """Of all that we have started and that has ended, on this host. mpirun waits for its proxies and these for the
    ranks, so all of them are in the sum."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(argv: Sequence[str], *, patience: float = PATIENCE, talkative: bool = False) -> float:
    """The seconds that it took. Raises CommandFailed unless it ended with 0, within `patience` seconds.
    The standard output of a talkative command is thrown away, which costs it least."""
    return capture(argv, patience=patience, talkative=talkative)[0]


def capture(argv: Sequence[str], *, patience: float = PATIENCE, talkative: bool = False) -> "tuple[float, str]":
    """The same, with what it printed."""
    outputs = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} if talkative else {
        "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    began = time.perf_counter()
    try:
        with started(argv, text=True, errors="replace", env=_environment(), **outputs) as process:
            output, errors = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{shlex.join(argv)}\nhad not ended after {patience:.0f} s") from None
    seconds = time.perf_counter() - began
    printed = (output or "") + (errors or "")
    if process.returncode != 0:
        raise CommandFailed(f"{shlex.join(argv)}\nended with status {process.returncode}:\n{printed}")
    return seconds, printed
