"""Runs one rank's program and writes its peak resident memory, in KiB, to DIRECTORY/rank_N.

mpirun -n 3 python3 peak_memory.py DIRECTORY PROGRAM ARGUMENT...
"""

import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path


def run_rank(argv: Sequence[str]) -> tuple[int, resource.struct_rusage]:
    """This rank's program: its exit code, and what it used."""
    child = os.posix_spawn(argv[0], argv, os.environ)
    for number in (signal.SIGINT, signal.SIGTERM):  # the program decides what they mean
        signal.signal(number, lambda number, _: os.kill(child, number))
    # A child starts with its parent's peak (some 10 MiB): far below that of any program with MPI.
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return (code if code >= 0 else 128 - code), usage


def main() -> int:
    code, usage = run_rank(sys.argv[2:])
    (Path(sys.argv[1]) / f"rank_{os.environ['PMI_RANK']}").write_text(str(usage.ru_maxrss))
    return code


if __name__ == "__main__":
    sys.exit(main())
