#!/usr/bin/env python3
"""The sweep without MPI: its plan, journal, figures and files."""

import contextlib
import csv
import io
import json
import statistics
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import sample
from measuring.launcher import Launcher
from sweeping import files
from sweeping.case import SCATTER, TRANSPORT, Case
from sweeping.files import csv_text, write_figures
from sweeping.jobs import LaunchedFerry
from sweeping.journal import SCHEMA, Journal, Refused
from sweeping.options import parser, plan_of
from sweeping.plan import Plan
from sweeping.progress import Durations, Progress, show_time
from sweeping.result import BadResult, load, make, speeds

MIB = 1 << 20
ONE = Case(SCATTER, MIB, 3, 8)


def plan(**changes) -> Plan:
    return Plan(**{"chunks": [MIB], "ranks": [3], "windows": [1, 8], "repetitions": 2, "size": 64 * MIB,
                   "max_chunks": 1000, "memory": 256 * MIB, **changes})


FIGURES = {"bytes": 4096, "seconds": 1.5, "command_seconds": 1.7, "cpu_seconds": 3, "took": 2.0}


class Cases(unittest.TestCase):
    def test_a_name_leads_back_to_its_case(self) -> None:
        for case in (ONE, Case(TRANSPORT, 1024, 9)):
            self.assertEqual(Case.parse(case.name), case)
        self.assertEqual(ONE.name, "scatter/chunk:1048576/ranks:3/window:8")

    def test_other_names_are_none(self) -> None:
        for name in ("", "scatter/chunk:1/ranks:2", "transport/chunk:1/ranks:2/window:8", "scatter/chunk:x/ranks:2"):
            self.assertIsNone(Case.parse(name), name)


class Plans(unittest.TestCase):
    def test_small_chunks_move_less(self) -> None:
        self.assertEqual(plan(max_chunks=10).job_size(1024), 10_240)
        self.assertEqual(plan(max_chunks=1000).job_size(MIB), 64 * MIB)

    def test_windows_that_repeat_another_are_left_out(self) -> None:
        self.assertEqual(plan(windows=[1, 8, 32, 64]).useful_windows(MIB, 3), [1, 8, 32])  # 32 chunks a worker
        self.assertEqual(plan(windows=[1, 8], memory=4 * MIB).useful_windows(MIB, 3), [1])
        self.assertEqual(plan(windows=[100]).useful_windows(MIB, 3), [100])  # there is no other
        self.assertEqual(plan(windows=[1, 8, 64]).left_out(), 1)

    def test_repetitions_turn_the_order_round(self) -> None:
        runs = list(plan().runs())
        first, second = ([case for index, case in runs if index == repetition] for repetition in (0, 1))
        self.assertEqual(first, second[::-1])
        self.assertEqual(len(first), 4)  # two limits, two windows


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

    def test_what_differs_is_named_with_the_remedy(self) -> None:
        self.fill()
        said = self.refusal({"host": "b", "program": "1"})
        self.assertIn("host: there a, now b", said)
        self.assertNotIn("program", said)
        self.assertIn("--fresh", said)
        self.assertIn("--out", said)

    def test_another_schema_is_refused(self) -> None:
        self.path.write_bytes(self.fill().replace(SCHEMA.encode(), b"mpiferry.sweep.journal/0"))
        self.assertIn("mpiferry.sweep.journal/0", self.refusal())

    def test_where_nothing_is_measured_nothing_is_refused(self) -> None:
        self.fill(0)
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
        for identity in ([], None, "a"):
            head = json.dumps({"schema": SCHEMA, "identity": identity}).encode() + b"\n"
            self.path.write_bytes(head + lines[1])
            self.assertIn("sweep.jsonl:1: does not say what was measured", self.refusal())

    def test_two_sweeps_do_not_share_it(self) -> None:
        with Journal(self.path, self.SAME):
            self.assertIn("another sweep", self.refusal())

    def test_nothing_to_resume_is_an_error(self) -> None:
        self.assertIn("no sweep to resume", self.refusal(must_exist=True))

    def test_fresh_sets_the_old_one_aside(self) -> None:
        before = self.fill()
        with Journal(self.path, {"host": "b"}, fresh=True) as journal:
            self.assertEqual(journal.runs, {})
        self.assertEqual(self.path.with_name("sweep.jsonl.old").read_bytes(), before)


class Results(unittest.TestCase):
    def setUp(self) -> None:
        self.result = sample.result()

    def test_it_is_googles_json(self) -> None:
        entries = [entry for entry in self.result["benchmarks"] if entry["run_name"] == ONE.name]
        self.assertEqual([entry.get("aggregate_name") for entry in entries],
                         [None, None, None, "mean", "median", "stddev", "cv", "min", "max"])
        for entry in self.result["benchmarks"]:
            self.assertLessEqual({"name", "run_name", "run_type", "repetitions", "threads", "iterations", "real_time",
                                  "cpu_time", "time_unit", "bytes_per_second"}, set(entry))
        self.assertEqual([entry["repetition_index"] for entry in entries[:3]], [0, 1, 2])
        self.assertEqual(entries[4]["name"], ONE.name + "_median")
        json.loads(json.dumps(self.result, allow_nan=False))

    def test_aggregates_are_right(self) -> None:
        entries = [entry for entry in self.result["benchmarks"] if entry["run_name"] == ONE.name]
        for key in ("real_time", "bytes_per_second"):
            values = [entry[key] for entry in entries[:3]]
            said = {entry["aggregate_name"]: entry[key] for entry in entries[3:]}
            self.assertEqual((said["median"], said["min"], said["max"]), (sorted(values)[1], min(values), max(values)))
            self.assertAlmostEqual(said["stddev"] / statistics.stdev(values), 1)
            self.assertAlmostEqual(said["cv"], said["stddev"] / said["mean"])

    def test_one_run_has_no_spread(self) -> None:
        found = speeds(make(plan(repetitions=1), sample.runs(plan(repetitions=1)), missing=0, context={}))
        self.assertEqual(found[ONE].least, found[ONE].most)

    def test_what_is_missing_makes_it_partial(self) -> None:
        self.assertFalse(self.result["context"]["partial"])
        partial = sample.result(missing=200)
        self.assertTrue(partial["context"]["partial"])
        self.assertEqual(partial["context"]["missing_runs"], 200)
        self.assertEqual({row["partial"] for row in csv.DictReader(io.StringIO(csv_text(partial)))}, {"yes"})

    def test_the_csv_has_a_line_a_case(self) -> None:
        rows = list(csv.DictReader(io.StringIO(csv_text(self.result))))
        self.assertEqual(len(rows), len(sample.PLAN.cases()))
        row = next(row for row in rows if (row["kind"], row["chunk_bytes"], row["ranks"], row["window"])
                   == (SCATTER, str(MIB), "3", "8"))
        self.assertAlmostEqual(float(row["median_gb_per_s"]), speeds(self.result)[ONE].median, 4)
        self.assertEqual((row["repetitions"], row["partial"]), ("3", "no"))

    def test_files_lead_back_to_the_result(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            write_figures(Path(directory), self.result)
            self.assertEqual(load(Path(directory) / "sweep.json"), self.result)

    def test_other_files_are_refused(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "file.json"
            for text, word in (("no", "no JSON"), ("[]", "not the result of a sweep"), ('{"context": {}}', "not the"),
                               ('{"context": {"sweep_schema": "mpiferry.sweep/9"}}', "mpiferry.sweep/9")):
                path.write_text(text)
                with self.assertRaisesRegex(BadResult, word):
                    load(path)
        with self.assertRaises(BadResult):
            speeds({"benchmarks": [{"run_name": ONE.name}]})


class Others(unittest.TestCase):
    def test_the_launcher_is_a_template(self) -> None:
        self.assertEqual(Launcher("srun -n {ranks} --x='a b'").argv(5, ["p", "q"]),
                         ["srun", "-n", "5", "--x=a b", "p", "q"])
        self.assertEqual(Launcher.of("/a b/mpirun").argv(2, ["p"]), ["/a b/mpirun", "-n", "2", "p"])
        with self.assertRaises(ValueError):
            Launcher("srun -n 3")

    def test_nothing_is_written_with_discard(self) -> None:
        there = Path(__file__)
        for discard, last in ((True, ["--discard", "S"]), (False, ["S", "D"])):
            argv = LaunchedFerry(there, "env X={ranks}", discard).argv(4, 1024, "S", "D", "--window", "2")
            self.assertEqual(argv, ["env", "X=4", str(there), "scatter", "--quiet", "--chunk-size", "1024", "--window",
                                    "2", *last])

    def test_contradicting_options_are_usage_errors(self) -> None:
        for words, said in ((["--chunks", "512M"], "more than --memory 256 MiB"),
                            (["--chunks", "1G", "--memory", "9T", "--windows", "1024", "--size", "9T"], "--windows")):
            parsed, err = parser(), io.StringIO()
            with self.subTest(words), contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as end:
                plan_of(parsed, parsed.parse_args(words))
            self.assertEqual(end.exception.code, 2)
            self.assertIn(said, err.getvalue())

    def test_a_matplotlib_that_is_broken_is_none(self) -> None:
        with tempfile.TemporaryDirectory() as here:
            python = Path(here) / "python"
            python.write_text("#!/bin/sh\necho 'ImportError: libtrouble.so' >&2\nexit 1\n")
            python.chmod(0o755)
            with mock.patch.object(files, "SYSTEM_PYTHON", str(python)), \
                    mock.patch.object(files.sys, "executable", str(python)), \
                    self.assertRaisesRegex(files.NoMatplotlib, f"(?s)apt-get install.*{python}: ImportError: libtrouble"):
                files.drawing_python()

    def test_time_left_comes_from_the_most_similar_runs(self) -> None:
        durations = Durations()
        self.assertEqual(durations.of(ONE), 0)
        durations.add(Case(TRANSPORT, MIB, 3), 9)
        self.assertEqual(durations.of(ONE), 9)
        durations.add(Case(SCATTER, MIB, 3, 1), 2)
        self.assertEqual(durations.of(ONE), 2)
        durations.add(ONE, 1)
        self.assertEqual(durations.of(ONE), 1)

    def test_without_a_terminal_there_are_few_lines(self) -> None:
        out = io.StringIO()
        progress = Progress(out)
        progress.durations.add(ONE, 45)
        for done in range(5):
            progress.show(done, [ONE] * (5 - done), ONE)
        self.assertEqual(out.getvalue(), f"1 of 5, about 3 min 45 s left: {ONE.name}\n")
        self.assertEqual((show_time(59), show_time(3725)), ("59 s", "1 h 02 min"))


if __name__ == "__main__":
    unittest.main()
