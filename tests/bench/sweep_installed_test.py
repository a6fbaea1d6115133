#!/usr/bin/env python3
"""What is installed is enough for a sweep: no module is missing, no path leads back into the source tree.

sweep_installed_test.py CMAKE BUILD
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SWEEP = ("--chunks", "64K", "--ranks", "2", "--windows", "2", "--size", "1M", "--repetitions", "1")


def succeed(argv: "list[str]", directory: Path) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=directory,
                          env={**os.environ, "HOME": str(directory)}, timeout=110)
    if done.returncode != 0:
        sys.exit(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def main() -> None:
    cmake, build = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="mpiferry-installed-") as name:
        directory = Path(name)
        succeed([cmake, "--install", build, "--prefix", f"{name}/prefix"], directory)
        (directory / "target").mkdir()
        succeed([f"{name}/prefix/bin/mpiferry", "bench", *SWEEP, "--target", f"{name}/target", "--out", f"{name}/out"],
                directory)
        result = json.loads((directory / "out/sweep.json").read_text())
        if not any(entry["name"].startswith("scatter/chunk:65536/") for entry in result["benchmarks"]):
            sys.exit("the sweep has measured nothing")


if __name__ == "__main__":
    main()
