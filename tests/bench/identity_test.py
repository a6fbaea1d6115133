#!/usr/bin/env python3
"""What must be the same for a sweep to be resumed."""

import tempfile
import unittest
from pathlib import Path

import tree  # noqa: F401: the path to bench/
from mpiferry_bench.sweep.machine import identity


class Identities(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        for name in ("bin", "bench", "libexec/mpiferry"):
            (self.root / name).mkdir(parents=True)
        self.ferry = self.program("bin/mpiferry", "echo 'mpiferry 1.0'; echo 'MPI: MPICH Version: 4.0'")

    def program(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def changed(self, before: dict) -> set:
        after = identity(self.ferry, self.root)
        self.assertEqual(set(after), set(before))
        return {name for name in after if after[name] != before[name]}

    def test_each_program_that_is_measured_belongs_to_it(self) -> None:
        first = identity(self.ferry, self.root)
        self.assertEqual((first["mpi"], first["bench_transport"], first["bench_write_limit"]),
                         ("MPICH Version: 4.0", "missing", "missing"))
        self.assertRegex(first["program"], r"^mpiferry 1\.0 \([0-9a-f]{12}\)$")
        self.assertEqual(self.changed(first), set())
        self.program("bench/bench_transport", "one")
        self.assertEqual(self.changed(first), {"bench_transport"})
        built = identity(self.ferry, self.root)
        self.program("libexec/mpiferry/bench_transport", "two")
        self.assertEqual(self.changed(built), {"bench_transport"})
        self.program("bench/bench_write_limit", "three")
        self.assertEqual(self.changed(built), {"bench_transport", "bench_write_limit"})

    def test_the_mpi_library_belongs_to_it(self) -> None:
        self.program("library", "echo 'MPI: one'")
        self.program("bin/mpiferry", f"echo 'mpiferry 1.0'; exec {self.root}/library")
        before = identity(self.ferry, self.root)
        self.program("library", "echo 'MPI: two'")
        self.assertEqual(self.changed(before), {"mpi"})


if __name__ == "__main__":
    unittest.main()
