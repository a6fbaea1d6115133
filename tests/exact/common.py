"""What the gates that run real jobs share: arguments, a directory of their own, and how to skip."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True  # these folders are source only
sys.path.insert(0, str(ROOT / "bench"))

from mpiferry_bench.entry import need  # noqa: E402

need(Path(sys.argv[0]).name, "psutil")

from mpiferry_bench.measuring.command import CommandFailed  # noqa: E402, F401
from mpiferry_bench.measuring.ferry import Ferry  # noqa: E402

KIB, MIB = 1 << 10, 1 << 20
SKIPPED = 77  # what ctest is told to take for it: SKIP_RETURN_CODE


def skip(reason: str) -> NoReturn:
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--mpiferry", type=Path, required=True)
    parser.add_argument("--mpiexec", required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="where sources and destinations are put")
    parser.add_argument("--sanitized", default="OFF", help="ON: a build with sanitizers, which count for themselves")
    return parser.parse_args()


def ferry(args: argparse.Namespace) -> Ferry:
    return Ferry(args.mpiferry, args.mpiexec)


def scratch_directory(args: argparse.Namespace) -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="mpiferry-exact-", dir=args.scratch.resolve())


def verdict(what: str, wrong: list[str]) -> int:
    """Prints every finding on a line of its own; returns the exit status."""
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{what}: {'NOT ' if wrong else ''}within the budget")
    return 1 if wrong else 0
