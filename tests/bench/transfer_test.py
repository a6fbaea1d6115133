#!/usr/bin/env python3
"""bench/transfer works: its exit status and its figures both count, and a job that fails is no figure.

Usage: transfer_test.py MPIFERRY DIRECTORY. No timing is asserted."""

import re
import subprocess
import sys
from pathlib import Path

TRANSFER = Path(__file__).resolve().parents[2] / "bench/transfer"
ROW = re.compile(r"^\| mpiferry, whole command \| [0-9.]+ \|", re.MULTILINE)


def transfer(binary: str, directory: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, TRANSFER, "cp", "--binary", binary, "--target", directory,
                           "--size", "4M", "--repetitions", "1"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)


def main() -> int:
    binary, directory = sys.argv[1:]
    good, bad = transfer(binary, directory), transfer("/bin/false", directory)
    wrong = []
    if good.returncode != 0 or not ROW.search(good.stdout):
        wrong.append(f"status {good.returncode}, or no figure of mpiferry:\n{good.stdout}")
    if bad.returncode == 0 or ROW.search(bad.stdout):
        wrong.append(f"with a program that fails: status {bad.returncode}, or a figure:\n{bad.stdout}")
    print("\n".join(wrong) or good.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
