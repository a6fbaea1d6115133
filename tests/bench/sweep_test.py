#!/usr/bin/env python3
"""Tests the plan, figures and files of the sweep without MPI."""

import contextlib
import csv
import errno
import io
import json
import os
import statistics
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import sample
from mpiferry_bench.measuring.launcher import Launcher
from mpiferry_bench.measuring.scratch import NoSpace, Scratch
from mpiferry_bench.measuring.sizes import counted
from mpiferry_bench.measuring.status import Status
from mpiferry_bench.sweep.case import SCATTER, TRANSPORT, Case
from mpiferry_bench.sweep.files import CannotDraw, csv_text, drawing_python, write_figures
from mpiferry_bench.sweep.jobs import ferry_of
from mpiferry_bench.sweep.options import parser, plan_of
from mpiferry_bench.sweep.plan import Plan
from mpiferry_bench.sweep.progress import Durations, Progress, show_time
from mpiferry_bench.sweep.result import BadResult, load, make, speeds

MIB = 1 << 20
GIB = 1 << 30
ONE = Case(SCATTER, MIB, 3, 8)


def plan(**changes) -> Plan:
    return Plan(**{"chunks": [MIB], "ranks": [3], "windows": [1, 8], "repetitions": 2, "size": 64 * MIB,
                   "max_chunks": 1000, "memory": 256 * MIB, **changes})


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

    def test_what_cannot_be_written_leaves_all_as_it_was(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory)
            before = {out / name: name for name in ("sweep.json", "sweep.csv", "sweep.html")}
            for path, text in before.items():
                path.write_text(text)
            full = OSError(errno.ENOSPC, "No space left on device")
            with mock.patch("mpiferry_bench.sweep.files.csv_text", return_value=mock.Mock()), self.assertRaises(TypeError):
                write_figures(out, self.result)  # the second of the files
            with mock.patch("builtins.open", side_effect=full), \
                    self.assertRaisesRegex(OSError, "No space left on device: .*sweep.json'"):
                write_figures(out, self.result)
            self.assertEqual({path: path.read_text() for path in out.iterdir()}, before)

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

    def test_figures_that_cannot_be_are_refused_with_entry_and_field(self) -> None:
        nan = float("nan")
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "sweep.json"
            for key, value in (("chunk", -1), ("chunk", 1024.0), ("ranks", None), ("window", 9), ("real_time", "x"),
                               ("real_time", nan), ("real_time", 0), ("cpu_time", -1), ("command_time", True),
                               ("bytes_per_second", -1), ("bytes_per_second", float("inf")),
                               ("bytes_per_second", 10 ** 400), ("bytes", 0), ("bytes", []), ("run_type", "other"),
                               ("run_name", 1), ("run_name", "scatter/chunk:-1/ranks:2/window:1"),
                               ("run_name", "scatter/chunk:0/ranks:2/window:1"),
                               ("run_name", "scatter/chunk:1/ranks:1/window:1")):
                for number in (9, 15):  # a run, an aggregate
                    entry = self.result["benchmarks"][number]
                    if entry["run_type"] == "aggregate" and value == 0:
                        continue
                    entries = [{**one, key: value} if one is entry else one for one in self.result["benchmarks"]]
                    path.write_text(json.dumps({**self.result, "benchmarks": entries}))
                    with self.subTest(key, value=str(value)[:9], number=number), self.assertRaises(BadResult) as end:
                        load(path)
                    self.assertRegex(str(end.exception),
                                     rf"^{path}: benchmarks\[{number}\] \({entry['name']}\): {key}: .* cannot be")
            for key, value in (("settings", []), ("not_measured", 7), ("not_measured", {"transport": 1}),
                               ("load_avg", ["x"]), ("load_avg", 1), ("missing_runs", "many")):
                path.write_text(json.dumps({**self.result, "context": {**self.result["context"], key: value}}))
                with self.subTest(key), self.assertRaisesRegex(BadResult, f"context: {key}: "):
                    load(path)

    def test_cases_of_later_versions_are_passed_over(self) -> None:
        later = {"name": "later/1", "run_name": "later/1", "run_type": "iteration"}
        self.assertEqual(speeds({"benchmarks": [later]}), {})


class Others(unittest.TestCase):
    def test_the_launcher_is_a_template(self) -> None:
        self.assertEqual(Launcher("srun -n {ranks} --x='a b'").argv(5, ["p", "q"]),
                         ["srun", "-n", "5", "--x=a b", "p", "q"])
        self.assertEqual(Launcher.of("/a b/mpirun").argv(2, ["p"]), ["/a b/mpirun", "-n", "2", "p"])
        with self.assertRaises(ValueError):
            Launcher("srun -n 3")

    def test_nothing_is_written_with_discard(self) -> None:
        there = Path(sys.executable)
        for discard, last in ((True, ["--discard", "S"]), (False, ["S", "D"])):
            argv = ferry_of(there, "env X={ranks}", discard).argv(4, 1024, "S", "D", "--window", "2")
            self.assertEqual(argv, ["env", "X=4", str(there), "scatter", "--quiet", "--chunk-size", "1024", "--window",
                                    "2", *last])

    def test_lists_have_spaces_or_commas_between(self) -> None:
        for words in ("--chunks 64K 1M --ranks 2 3", "--chunks 64K,1M --ranks 2,3", "--chunks 64K, 1M --ranks 2 ,3",
                      "--chunks=64K,1M --ranks=2,3"):
            with self.subTest(words):
                args = parser().parse_args(words.split())
                self.assertEqual((args.chunks, args.ranks), ([64 << 10, MIB], [2, 3]))

    def test_numbers_have_their_noun(self) -> None:
        self.assertEqual([counted(number, "look") for number in (0, 1, 2)], ["0 looks", "1 look", "2 looks"])

    def test_contradicting_options_are_usage_errors(self) -> None:
        for words, said in ((["--chunks", "512M"], "more than --memory 256 MiB"),
                            (["--size", "1", "--chunks", "64K"], "--size 1 B: is less than one chunk of 64 KiB"),
                            (["--chunks", "1G", "--memory", "9T", "--windows", "1024", "--size", "9T"], "--windows")):
            parsed, err = parser(), io.StringIO()
            with self.subTest(words), contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as end:
                plan_of(parsed, parsed.parse_args(words))
            self.assertEqual(end.exception.code, 2)
            self.assertIn(said, err.getvalue())

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
        for done in range(100):
            progress.show(done, [ONE] * (100 - done), ONE)
        progress.clear()
        lines = out.getvalue().splitlines()
        self.assertEqual(len(lines), 10)  # one for each tenth
        self.assertEqual(lines[9], f"91 of 100, about 7 min 30 s left: {ONE.name}")
        self.assertEqual((show_time(59), show_time(3725)), ("59 s", "1 h 02 min"))


    def test_a_long_run_is_said_to_be_running(self) -> None:
        out = io.StringIO()
        status = Status(out, every=0.05)
        status.show("one", 0, 1)
        deadline = time.monotonic() + 10
        while out.getvalue().count("\n") < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        status.clear()
        self.assertEqual(out.getvalue().splitlines()[:3], ["one", *["one (still running)"] * 2])

    def test_a_full_target_is_said_to_be_full(self) -> None:
        def full(*_: object, **__: object) -> object:
            raise OSError(errno.ENOSPC, "No space left on device")

        # In memory, what the ranks take is warmed with it.
        for kind, written in (("tmpfs", "2 MiB"), ("ext4", "1 MiB")):
            with self.subTest(kind), tempfile.TemporaryDirectory() as directory, \
                    mock.patch("mpiferry_bench.measuring.scratch.file_system", return_value=kind), \
                    Scratch(Path(directory)) as scratch, mock.patch("builtins.open", full), \
                    self.assertRaisesRegex(NoSpace, f"{directory}: it became full while {written} were written"):
                scratch.warm(MIB)

    def test_what_is_needed_covers_the_warming(self) -> None:
        free = mock.Mock(free=3 * GIB)
        for kind, fits in (("tmpfs", 2 * GIB), ("ext4", 2 * GIB + GIB // 2)):
            with self.subTest(kind), mock.patch("mpiferry_bench.measuring.scratch.file_system", return_value=kind), \
                    mock.patch("mpiferry_bench.measuring.scratch.psutil.virtual_memory",
                               return_value=mock.Mock(available=3 * GIB)), \
                    mock.patch("mpiferry_bench.measuring.scratch.shutil.disk_usage", return_value=free):
                Scratch(Path("/nowhere")).need(fits)
                with self.assertRaisesRegex(NoSpace, "/nowhere: .* to spare are needed, 3 GiB are free"):
                    Scratch(Path("/nowhere")).need(fits + 1)

    def test_a_matplotlib_that_is_broken_or_missing_is_said(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            package = Path(directory) / "matplotlib"
            package.mkdir()
            (package / "__init__.py").write_text("raise ImportError('libfreetype.so.6: cannot open')")
            with mock.patch.dict(os.environ, PYTHONPATH=directory), \
                    self.assertRaisesRegex(CannotDraw, f"{sys.executable}: ImportError: libfreetype"):
                drawing_python()
            (package / "__init__.py").write_text("")  # found, and not the whole of it
            with mock.patch.dict(os.environ, PYTHONPATH=directory), \
                    self.assertRaisesRegex(CannotDraw, "ModuleNotFoundError: .*figure"):
                drawing_python()


if __name__ == "__main__":
    unittest.main()
