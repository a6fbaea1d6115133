#!/usr/bin/env python3
"""A sweep resumes from its journal; these tests show what must be the same, and what it leaves behind."""

import errno
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import tree  # noqa: F401: the path to bench/
from mpiferry_bench.sweep.case import SCATTER, Case
from mpiferry_bench.sweep.journal import SCHEMA, Journal, Refused
from mpiferry_bench.sweep.machine import identity

ONE = Case(SCATTER, 1 << 20, 3, 8)
FIGURES = {"bytes": 4096, "seconds": 1.5, "command_seconds": 1.7, "cpu_seconds": 3, "took": 2.0}


class Journals(unittest.TestCase):
    SAME = {"host": "a", "program": "1"}

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "sweep.jsonl"

    def fill(self, count: int = 2) -> bytes:
        with Journal(self.path, self.SAME) as journal:
            for repetition in range(count):
                journal.add(ONE, repetition, FIGURES)
        return self.path.read_bytes()

    def refusal(self, identity=None, **options) -> str:
        before = self.path.read_bytes() if self.path.exists() else None
        with self.assertRaises(Refused) as caught, Journal(self.path, identity or self.SAME, **options):
            pass
        self.assertEqual(self.path.read_bytes() if self.path.exists() else None, before)
        return str(caught.exception)

    def test_it_goes_on_where_it_was(self) -> None:
        before = self.fill()
        with Journal(self.path, self.SAME, must_exist=True) as journal:
            self.assertEqual(set(journal.runs), {(ONE.name, 0), (ONE.name, 1)})
            journal.add(ONE, 2, FIGURES)
        self.assertTrue(self.path.read_bytes().startswith(before))

    def test_a_torn_last_line_is_dropped(self) -> None:
        before = self.fill()
        for torn in (b'{"case": "scat', b'{"case": "x"}'):
            self.path.write_bytes(before + torn)
            with Journal(self.path, self.SAME) as journal:
                self.assertEqual(len(journal.runs), 2)
            self.assertEqual(self.path.read_bytes(), before)

    def test_a_torn_first_line_is_an_empty_journal(self) -> None:
        self.path.write_bytes(b'{"schema": "mpif')
        with Journal(self.path, self.SAME) as journal:
            self.assertEqual(journal.runs, {})
        self.assertEqual(len(self.path.read_bytes().splitlines()), 1)

    def test_where_nothing_is_measured_nothing_is_left(self) -> None:
        inner = self.path.parent / "some/out"
        with Journal(inner / "sweep.jsonl", self.SAME):
            self.assertTrue((inner / "sweep.jsonl").is_file())
        self.assertEqual(list(self.path.parent.iterdir()), [])
        inner.mkdir(parents=True)
        (inner / "another").touch()
        with Journal(inner / "sweep.jsonl", self.SAME):
            pass
        self.assertEqual(list(inner.iterdir()), [inner / "another"])

    def test_what_fresh_set_aside_comes_back_where_nothing_is_measured(self) -> None:
        before = self.fill()
        with Journal(self.path, {"host": "b"}, fresh=True):
            self.assertEqual(self.path.with_name("sweep.jsonl.old").read_bytes(), before)
        self.assertEqual({path: path.read_bytes() for path in self.path.parent.iterdir()}, {self.path: before})

    def test_what_is_no_regular_file_is_refused_and_not_waited_for(self) -> None:
        def fifo() -> None:
            os.mkfifo(self.path)

        for make, said in ((fifo, "is not a regular file"), (lambda: self.path.symlink_to("/dev/zero"), "is not a regular file"),
                           (lambda: self.path.symlink_to("nowhere"), "leads nowhere"), (self.path.mkdir, "not a regular")):
            for options in ({}, {"fresh": True}, {"must_exist": True}):
                with self.subTest(said, **options):
                    make()
                    with self.assertRaisesRegex(Refused, said), Journal(self.path, self.SAME, **options):
                        pass
                    self.assertEqual(list(self.path.parent.iterdir()), [self.path])
                    self.path.rmdir() if self.path.is_dir() else self.path.unlink()

    def test_a_full_disk_takes_a_whole_line_or_none(self) -> None:
        before, write = self.fill(), os.write

        def full(file: int, data: bytes) -> int:
            if len(data) > 20:
                return write(file, data[:20])
            raise OSError(errno.ENOSPC, "No space left on device")

        with Journal(self.path, self.SAME) as journal:
            with mock.patch("mpiferry_bench.sweep.journal.os.write", full), \
                    self.assertRaisesRegex(OSError, "No space left on device: .*sweep.jsonl"):
                for repetition in range(2, 5):
                    journal.add(ONE, repetition, FIGURES)
            self.assertEqual(self.path.read_bytes(), before)
            self.assertEqual(len(journal.runs), 2)

    def test_what_differs_is_named_with_the_remedy(self) -> None:
        self.fill()
        said = self.refusal({"host": "b", "program": "1"})
        self.assertIn("host: there a, now b", said)
        self.assertNotIn("program", said)
        self.assertIn("--fresh", said)
        self.assertIn("--out", said)

    def test_another_schema_is_refused(self) -> None:
        other = self.fill().replace(SCHEMA.encode(), b"mpiferry.sweep.journal/0")
        for content in (other, other.splitlines(keepends=True)[0]):  # a head alone says no less
            self.path.write_bytes(content)
            for options in ({}, {"must_exist": True}):
                self.assertIn("mpiferry.sweep.journal/0", self.refusal(**options))

    def test_where_nothing_is_measured_nothing_is_refused(self) -> None:
        self.path.write_bytes(json.dumps({"schema": SCHEMA, "identity": self.SAME}).encode() + b"\n")
        with Journal(self.path, {"host": "b"}):
            pass
        self.assertIn(b'"b"', self.path.read_bytes())
        self.assertEqual(len(self.path.read_bytes().splitlines()), 1)

    def test_damage_in_the_middle_is_refused_with_its_line(self) -> None:
        lines = self.fill().splitlines(keepends=True)
        for damage in (b"what\n", b'{"case": "unknown", "repetition": 0}\n', b"[]\n",
                       *(lines[1].replace(f'"{key}"'.encode(), b'"told"') for key in (*FIGURES, "case", "repetition")),
                       *(lines[1].replace(b"1.5", bad) for bad in (b'"1.5"', b"0", b"-1", b"NaN", b"Infinity",
                                                             b"true")),
                       lines[1].replace(b"4096", b"0"), lines[1].replace(b'"repetition": 0', b'"repetition": false')):
            self.path.write_bytes(lines[0] + damage + lines[2])
            self.assertIn("sweep.jsonl:2", self.refusal())

    def test_a_file_of_somebody_else_is_left_alone(self) -> None:
        for content in (b"precious", b"precious\n", b"{}\n", b"one\ntwo\n", b'{"schema": "x"}\n',
                        b'{"schema": "mpiferry.sweep/1"}'):
            self.path.write_bytes(content)
            self.assertIn("not the journal of a sweep", self.refusal())

    def test_a_first_line_without_an_identity_is_damage(self) -> None:
        lines = self.fill().splitlines(keepends=True)
        for wrong in ([], None, "a"):
            head = json.dumps({"schema": SCHEMA, "identity": wrong}).encode() + b"\n"
            self.path.write_bytes(head + lines[1])
            self.assertIn("sweep.jsonl:1: does not say what was measured", self.refusal())

    def test_two_sweeps_do_not_share_it(self) -> None:
        with Journal(self.path, self.SAME):
            self.assertIn("another sweep", self.refusal())

    def test_nothing_to_resume_is_an_error(self) -> None:
        self.assertIn("no sweep to resume", self.refusal(must_exist=True))
        for content in (b"", b'{"schema": "mpif',
                        json.dumps({"schema": SCHEMA, "identity": self.SAME}).encode() + b"\n"):
            self.path.write_bytes(content)
            self.assertIn("no sweep to resume", self.refusal(must_exist=True))

    def test_fresh_sets_the_old_one_aside(self) -> None:
        before = self.fill()
        with Journal(self.path, {"host": "b"}, fresh=True) as journal:
            self.assertEqual(journal.runs, {})
            journal.add(ONE, 0, FIGURES)
        self.assertEqual(self.path.with_name("sweep.jsonl.old").read_bytes(), before)


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
