#!/usr/bin/env python3
"""write_limit_test.py PROGRAM: bench_write_limit's files, its line of JSON, and what bad input gets."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import visible  # noqa: E402

PROGRAM = sys.argv.pop(1)


class WriteLimit(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.target = Path(directory.name)

    def run_program(self, *words: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([PROGRAM, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)

    def test_it_writes_the_files_of_a_job(self) -> None:
        for extra in ((), ("fsync",)):
            done = self.run_program(3, 1000, 2500, self.target, *extra)
            self.assertEqual(done.returncode, 0, done.stderr)
            said = json.loads(done.stdout)
            self.assertGreater(said.pop("seconds"), 0)
            self.assertEqual(said, {"bytes": 2500, "files": 3, "writers": 3})
            self.assertEqual({path.name: path.stat().st_size for path in self.target.iterdir()},
                             {"chunk_0.bin": 1000, "chunk_1.bin": 1000, "chunk_2.bin": 500})

    def test_past_the_page_cache(self) -> None:
        target = Path(tempfile.mkdtemp(dir=Path.cwd()))  # /tmp may be a tmpfs, which has no O_DIRECT everywhere
        self.addCleanup(shutil.rmtree, target)
        done = self.run_program(2, 8192, 8192 + 5000, target, "direct")
        if "open: Invalid argument" in done.stderr:
            self.skipTest(f"no O_DIRECT in {target}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({path.name: path.read_bytes() for path in target.iterdir()},
                         {"chunk_0.bin": b"\1" * 8192, "chunk_1.bin": b"\1" * 5000})

    def test_how_is_one_of_two(self) -> None:
        done = self.run_program(1, 10, 100, self.target, "sync")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("[fsync | direct]", done.stderr)

    def test_what_is_no_number_is_usage(self) -> None:
        done = self.run_program(3, "1k", 2500, self.target)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("CHUNK: '1k' is no whole number", done.stderr)
        self.assertEqual(list(self.target.iterdir()), [])

    def test_what_failed_is_named(self) -> None:
        done = self.run_program(2, 10, 100, "/proc")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"/proc/chunk_[01]\.bin: open: ")


if __name__ == "__main__":
    visible.main()
