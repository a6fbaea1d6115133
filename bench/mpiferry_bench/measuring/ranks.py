"""Whether a launcher starts ranks of an mpiferry at all: asked before anything is measured."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

from .command import CommandFailed, run
from .ferry import Ferry
from .paths import Unusable, mpiferry
from .sizes import MIB

PATIENCE = 300.0  # seconds for a job of nothing; a queue may hold it up


def version(option: str, binary: Path) -> list[str]:
    """The lines of --version. Raises Unusable unless this is an mpiferry."""
    mpiferry(option, binary)
    try:
        done = subprocess.run([binary.absolute(), "--version"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=60, check=False)
    except OSError as error:
        raise Unusable(option, binary, f"cannot be executed: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Unusable(option, binary, "not mpiferry: its --version had not ended after 60 s") from None
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines or not lines[0].startswith("mpiferry"):
        printed = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[0]
        raise Unusable(option, binary,
                       f"not mpiferry: its --version ended with status {done.returncode} and printed: {printed}")
    return lines


def check_ranks(option: str, name: str, ferry: Ferry, ranks: int, directory: Path) -> None:
    """Moves an empty file. Raises Unusable for the launcher, if so many ranks do not come of it."""
    source, report = directory / "empty", directory / "started.json"
    source.touch()
    argv = ferry.argv(ranks, MIB, str(source), str(directory / "nothing"), "--json", str(report))
    try:
        run(argv, patience=PATIENCE)
        workers = json.loads(report.read_text())["workers"]
    except CommandFailed as error:
        raise Unusable(option, name, f"does not start {ranks} ranks of mpiferry:\n{error}") from None
    except FileNotFoundError:  # the launcher itself is known to be there
        raise Unusable(option, name, f"ended with 0, but started no mpiferry (it wrote no report):\n"
                                     f"{shlex.join(argv)}") from None
    except OSError as error:
        raise Unusable(option, name, f"cannot be started: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise Unusable(option, name, f"the mpiferry that it started wrote no report that can be read:\n"
                                     f"{shlex.join(argv)}") from None
    if len(workers) != ranks - 1:
        raise Unusable(option, name, f"was to start {ranks} ranks, but {len(workers) + 1} came:\n{shlex.join(argv)}")
