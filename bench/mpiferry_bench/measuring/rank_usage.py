"""Runs one rank's program and writes what it used to DIRECTORY/rank_N: peak_kib (resident) and cpu_seconds, as JSON.

mpirun -n 3 python3 rank_usage.py DIRECTORY PROGRAM ARGUMENT...
"""

import json
import os
import signal
import sys
from pathlib import Path


def main() -> int:
    directory, argv = Path(sys.argv[1]), sys.argv[2:]
    child = os.posix_spawn(argv[0], argv, os.environ)
    for number in (signal.SIGINT, signal.SIGTERM):  # the program decides what they mean
        signal.signal(number, lambda number, _: os.kill(child, number))
    # A child starts with its parent's peak (some 10 MiB): far below that of any program with MPI.
    _, status, usage = os.wait4(child, 0)
    (directory / f"rank_{os.environ['PMI_RANK']}").write_text(
        json.dumps({"peak_kib": usage.ru_maxrss, "cpu_seconds": usage.ru_utime + usage.ru_stime}))
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
