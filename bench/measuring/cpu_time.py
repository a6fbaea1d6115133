"""Runs one rank's program and writes the seconds of CPU that it took to DIRECTORY/cpu_N.

mpirun -n 3 python3 cpu_time.py DIRECTORY PROGRAM ARGUMENT...
"""

import os
import sys
from pathlib import Path

from peak_memory import run_rank  # beside this file


def main() -> int:
    code, usage = run_rank(sys.argv[2:])
    (Path(sys.argv[1]) / f"cpu_{os.environ['PMI_RANK']}").write_text(str(usage.ru_utime + usage.ru_stime))
    return code


if __name__ == "__main__":
    sys.exit(main())
