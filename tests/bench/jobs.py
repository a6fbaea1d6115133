"""What the tests that run real sweeps share."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tree  # noqa: F401: an interpreter that has what is needed

TINY = ("--chunks", "64K", "1M", "--ranks", "2", "3", "--windows", "1", "4", "--size", "2M")


class Check:
    """Has a directory for results and for the target, and the program; counts what does not hold."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--program", type=Path, required=True)
        self.program = parser.parse_args().program
        self._directory = tempfile.TemporaryDirectory(prefix="mpiferry-sweep-test-")
        self.root = Path(self._directory.name)
        self.out, self.target = self.root / "out", self.root / "target"
        self.target.mkdir()
        self._failed = 0

    def argv(self, *words: str) -> list[str]:
        return [str(self.program), "bench", "--out", str(self.out), "--target", str(self.target), *words]

    def run(self, *words: str, program: bool = True) -> "subprocess.CompletedProcess[str]":
        argv = self.argv(*words) if program else [str(self.program), "bench", *words]
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env=self.environment())

    @staticmethod
    def environment() -> "dict[str, str]":
        return {**os.environ, "UCX_HANDLE_ERRORS": "none"}

    def ended(self, done: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
        self.that(done.returncode == code, f"{done.args}: status {done.returncode}, not {code}")
        for word in words:
            self.that(word in done.stdout + done.stderr, f"{done.args}: does not say {word!r}")
        self.that("Traceback" not in done.stderr, f"{done.args}: a traceback")
        if self._failed:
            print(done.stdout, done.stderr, sep="\n")
            self.end()

    def that(self, holds: bool, text: str) -> None:
        if not holds:
            self._failed += 1
            print(f"FAILED: {text}")

    def journal(self) -> "list[str]":
        path = self.out / "sweep.jsonl"
        return path.read_text().splitlines() if path.exists() else []

    def result(self) -> dict:
        return json.loads((self.out / "sweep.json").read_text())

    def names(self) -> "set[str]":
        return {entry["run_name"] for entry in self.result()["benchmarks"]}

    def nothing_left(self) -> None:
        self.that(not list(self.target.iterdir()), f"left at the target: {list(self.target.iterdir())}")

    def end(self) -> None:
        self._directory.cleanup()
        print("true" if not self._failed else f"{self._failed} checks failed")
        sys.exit(1 if self._failed else 0)
