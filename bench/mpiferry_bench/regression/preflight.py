"""What must hold before anything is built or measured: places, launcher, programs, room."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..measuring import output
from ..measuring.command import CommandFailed, capture
from ..measuring.ferry import LAUNCHERS, first_program
from ..measuring.paths import directory
from ..measuring.scratch import Scratch

from .jobs import Case, room
from .refusal import Refusal

PATIENCE = 60.0  # seconds, for what takes one
SUMMARY = "GITHUB_STEP_SUMMARY"


def summary_file() -> "Path | None":
    return Path(os.environ[SUMMARY]) if os.environ.get(SUMMARY) else None


def check_places(args: argparse.Namespace) -> None:
    """Raises Unusable. Takes no time, so it comes before all else."""
    output.check("--json", args.json)
    output.check("--markdown", args.markdown)
    output.check(f"${SUMMARY}", summary_file())
    if args.json and args.markdown and os.path.realpath(args.json) == os.path.realpath(args.markdown):
        raise Refusal(f"--json {args.json} and --markdown are the same file; name two")
    directory("--target", args.target)
    if args.base_binary is None:
        output.check_new_directory("--build", args.build)


def check_tools() -> None:
    """Whether what builds is there. Raises Refusal. (Repository has asked for git before.)"""
    for tool, what in (("tar", "unpack the files of BASE"), ("cmake", "build")):
        if shutil.which(tool) is None:
            raise Refusal(f"{tool} was not found on the PATH; it is needed to {what}; install it")


def check_jobs(mpiexec: "str | None", target: Path, cases: Sequence[Case]) -> None:
    """Whether jobs can be started, and find their room. Raises Refusal or NoSpace."""
    check_launcher(mpiexec, max(case.ranks for case in cases))
    with Scratch(target) as scratch:
        scratch.need(room(cases))


def check_launcher(named: "str | None", ranks: int) -> None:
    """Whether it starts ranks: a launcher that starts none would make BASE look broken, or too old."""
    found = first_program(*([named] if named is not None else LAUNCHERS))
    if found is None and named is not None:
        raise Refusal(f"--mpiexec {named}: no such program, or it cannot be executed; name MPICH's mpiexec")
    if found is None:
        return  # the one that the build finds is the last that is tried
    # Each rank puts the word together: a launcher that only repeats its arguments does not print it.
    argv = [found, "-n", str(ranks), sys.executable, "-c", "print('a-rank' + '-is-here')"]
    name = f"--mpiexec {named}" if named is not None else f"{found} (--mpiexec names another launcher)"
    try:
        _, printed = capture(argv, patience=PATIENCE)
    except CommandFailed as error:
        raise Refusal(f"{name}: does not start ranks:\n{str(error).rstrip()}") from None
    except OSError as error:
        raise Refusal(f"{name}: does not start: {error.strerror}") from None
    started = printed.count("a-rank-is-here")
    if started != ranks:
        raise Refusal(f"{name}: does not start ranks: of {ranks}, {started or 'none'} came, with status 0:\n"
                      f"{shlex.join(argv)}\n{printed}".rstrip())
