"""Tests the arithmetic of bench/compare's ratios and verdicts, and what it reports of what it could not run."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from tree import BENCH

from mpiferry_bench.measuring.command import CommandFailed
from mpiferry_bench.measuring.sample import Sample
from mpiferry_bench.peers import blocking_script, complete, parts, place, report, transport
from mpiferry_bench.peers.case import SECONDS, TRANSFER, Case, fastest, paired, times_as_fast
from mpiferry_bench.peers.copying import COPYING, _better_dd
from mpiferry_bench.peers.inside import INSIDE
from mpiferry_bench.peers.existing_data import EXISTING_DATA, _verify_outcome
from mpiferry_bench.peers.scenario import Measured, Scenario, against
from mpiferry_bench.peers.setting import NotRun
from mpiferry_bench.peers.targets import TARGETS, Outcome, Target, of, worst
from mpiferry_bench.peers.transport import TRANSPORT

SCENARIOS = {one.name: one for one in (*COPYING, *EXISTING_DATA, *INSIDE, *TRANSPORT)}


def case(name: str, *seconds: float, **more) -> Case:
    return Case(name, name, dict, figures={i: {SECONDS: s} for i, s in enumerate(seconds)}, **more)


def setting(repetitions: int = 3, quick: bool = False) -> types.SimpleNamespace:
    return types.SimpleNamespace(repetitions=repetitions, quick=quick, large=2 << 30, small=256 << 20, idle=1 << 30)


class Ratios(unittest.TestCase):
    def test_a_peer_that_takes_twice_as_long_makes_mpiferry_twice_as_fast(self):
        self.assertEqual(times_as_fast(case("ferry", 1.0, 2.0), case("peer", 2.0, 4.0)).values, (2.0, 2.0))

    def test_a_ratio_is_taken_within_a_repetition(self):
        ferry, peer = case("ferry", 1.0, 10.0, 1.0), case("peer", 3.0, 30.0)
        self.assertEqual(times_as_fast(ferry, peer).values, (3.0, 3.0))  # the third has no neighbour

    def test_repetitions_are_matched_by_number_not_by_order(self):
        left = Case("", "", dict, figures={2: {SECONDS: 6.0}, 0: {SECONDS: 8.0}})
        right = Case("", "", dict, figures={0: {SECONDS: 2.0}, 2: {SECONDS: 3.0}})
        self.assertEqual(paired(left, right).values, (4.0, 2.0))

    def test_the_better_of_two_is_the_better_one_of_each_repetition(self):
        self.assertEqual(fastest([case("a", 1.0, 5.0), case("b", 2.0, 3.0)]).sample().values, (1.0, 3.0))

    def test_a_missing_dd_leaves_the_other_one(self):
        cases = [case("ferry", 2.0), case("direct", not_run="no O_DIRECT"), case("fsync", 4.0)]
        outcome = _better_dd({one.name: one for one in cases})["dd-durable"]
        self.assertEqual((outcome.sample.values, outcome.note), ((2.0,), "fsync"))
        cases[2].not_run = "gone too"
        self.assertIn("no O_DIRECT", _better_dd({one.name: one for one in cases})["dd-durable"].not_run)


class Verdicts(unittest.TestCase):
    least = Target("least", "", "", 0.8, "times")
    most = Target("most", "", "", 5.0, "%", least=False)

    def test_the_bound_itself_is_met_and_what_is_beyond_is_missed(self):
        for target, value, said in ((self.least, 0.8, "met"), (self.least, 0.79, "MISSED"),
                                    (self.most, 5.0, "met"), (self.most, 5.1, "MISSED")):
            self.assertEqual(of(Sample([value])).verdict(target), said)

    def test_the_median_decides(self):
        self.assertEqual(of(Sample([0.1, 0.9, 0.9])).verdict(self.least), "met")
        self.assertEqual(of(Sample([0.1, 0.1, 0.9])).verdict(self.least), "MISSED")

    def test_nothing_measured_is_neither(self):
        self.assertTrue(of(Sample([])).verdict(self.least).startswith("not run: "))
        self.assertEqual(Outcome(not_run="no disk").verdict(self.least), "not run: no disk")

    def test_a_quick_run_is_not_judged(self):
        self.assertEqual(of(Sample([0.9])).verdict(self.least, judged=False), "not judged")

    def test_the_worst_is_the_farthest_from_the_target(self):
        samples = {"a": Sample([0.9]), "b": Sample([0.7])}
        self.assertEqual(worst(self.least, samples).note, "b")
        self.assertEqual(worst(self.most, samples).note, "a")
        self.assertIsNone(worst(self.least, {**samples, "c": Sample([])}).sample)  # c may be worse still


class Parts(unittest.TestCase):
    seconds = {"read": 1.0, "hash_master": 2.0, "copy": 3.0, "hash_worker": 4.0, "write": 10.0}

    def test_the_cores_need_as_long_as_all_parts_one_after_the_other(self):
        cost = parts.costs(self.seconds, processes=2, size=40)
        self.assertAlmostEqual(cost["write"], 0.5)  # two cores, ten seconds, 40 bytes
        self.assertAlmostEqual(parts.core_limit(cost, cores=2), 40 / 20)

    def test_the_busiest_rank_is_the_master_or_a_worker(self):
        cost = parts.costs(self.seconds, processes=1, size=1)
        self.assertAlmostEqual(parts.rank_limit(cost, workers=2), 1 / 8.5)
        self.assertAlmostEqual(parts.rank_limit(cost, workers=100), 1 / 3)


class Table(unittest.TestCase):
    def test_every_target_is_a_row_of_a_scenario_that_exists(self):
        self.assertEqual(len(TARGETS), 20)
        self.assertEqual(len({target.name for target in TARGETS}), 20)
        self.assertLessEqual({target.scenario for target in TARGETS}, SCENARIOS.keys())

    def test_every_row_is_shown_also_when_nothing_was_run(self):
        found = report.outcomes([Measured(scenario) for scenario in SCENARIOS.values()])
        text = report.targets(found, setting())
        self.assertEqual(len(text.strip().splitlines()) - 4, len(TARGETS))
        self.assertEqual(text.count("not run: interrupted before its first run"), len(TARGETS))
        self.assertNotIn("MISSED", text)

    def test_figures_of_fewer_repetitions_are_marked(self):
        text = report.targets({"cp": of(Sample([0.9, 0.9]))}, setting(repetitions=3))
        self.assertIn("| 0.90 | 0.90 to 0.90 | met (PARTIAL) |", text)
        self.assertNotIn("PARTIAL", report.targets({"cp": of(Sample([0.9] * 3))}, setting(repetitions=3)))


class Runs(unittest.TestCase):
    def measured(self, *cases: Case, outcomes=lambda cases: {}) -> Measured:
        return Measured(Scenario("cp", "cp", "", lambda _: cases, outcomes))

    def test_a_peer_that_fails_is_left_out_and_said(self):
        def fail():
            raise CommandFailed("dcp FILE OUT\nended with status 3:\nno")
        ferry = Case("ferry", "", lambda: {SECONDS: 1.0})
        peer = Case("peer", "", fail, ours=False)
        one = self.measured(ferry, peer, outcomes=lambda cases: {"cp": against(*cases.values())})
        with mock.patch("sys.stderr"):
            one.measure(setting())
        self.assertEqual(len(ferry.figures), 3)
        self.assertEqual(one.outcomes(["cp"])["cp"].not_run, "peer: failed: ended with status 3: / no")

    def test_a_run_of_ours_that_fails_ends_it_and_keeps_what_was_measured(self):
        runs = iter([{SECONDS: 1.0}])

        def once():
            for run in runs:
                return run
            raise CommandFailed("mpiferry\nended with status 4")
        ferry = Case("ferry", "", once)
        one = self.measured(ferry, outcomes=lambda cases: {"cp": of(cases["ferry"].sample())})
        with self.assertRaises(CommandFailed):
            one.measure(setting())
        self.assertIn("PARTIAL: 1 of 3", report.scenario(one, setting()))
        self.assertIn("(PARTIAL)", report.targets(report.outcomes([one]), setting()))

    def test_a_scenario_without_its_place_is_not_run(self):
        def refuse(_):
            raise NotRun("no disk here")
        one = Measured(Scenario("cp-disk", "cp", "disk", refuse))
        one.measure(setting())
        self.assertEqual(one.outcomes(["cp-disk"])["cp-disk"].not_run, "no disk here")
        content = report.as_json([one], setting(), [], partial=False)
        self.assertEqual(content["targets"][0]["verdict"], "not run: no disk here")
        self.assertEqual(json.loads(json.dumps(content))["schema"], "mpiferry.compare/1")


class StandardOutput(unittest.TestCase):
    """That it takes nothing, or closes, is said in one line, whether Python hears of it at once or at the end."""

    def said(self, argv, out, **environment):
        done = subprocess.run([sys.executable, *argv], cwd=BENCH, stdout=out, stderr=subprocess.PIPE, text=True,
                              check=False, env={**os.environ, **environment})
        return done.returncode, done.stderr

    def test_what_it_does_not_take_is_an_error(self):
        for name, *words, code in (("compare", "--list", 1), ("compare", "--help", 1), ("transfer", "--help", 1),
                                   ("transfer", "cp", "--help", 1), ("sweep", "--help", 1),
                                   ("sweep", "page", "--help", 1), ("regress", "--help", 2),
                                   ("regress", "experiment", "--help", 2)):
            for unbuffered in ("", "1"):
                with self.subTest(name, words=words, unbuffered=unbuffered), open("/dev/full", "w") as full:
                    self.assertEqual(self.said([name, *words], full, PYTHONUNBUFFERED=unbuffered), (
                        code, f"bench/{name}: error: standard output: No space left on device\n"))

    def test_a_reader_that_has_gone_is_one(self):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as gone:
            self.assertEqual(self.said(["compare", "--list"], gone),
                             (1, "bench/compare: error: standard output: Broken pipe\n"))


class Peers(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.source = self.directory / "source"
        self.source.write_bytes(bytes(range(256)) * 1000 + b"end")

    def test_a_copy_that_is_short_or_different_does_not_count(self):
        copy = self.directory / "copy"
        content = bytearray(self.source.read_bytes())
        copy.write_bytes(content)
        complete.check_copy(self.source, copy)
        for broken in (content[:-1], content[:-1] + b"X", b"X" + content[1:]):
            copy.write_bytes(broken)
            self.assertRaises(CommandFailed, complete.check_copy, self.source, copy)
        copy.unlink()
        self.assertRaises(CommandFailed, complete.check_copy, self.source, copy)

    def test_chunks_that_are_missing_or_swapped_do_not_count(self):
        content, out = self.source.read_bytes(), self.directory / "out"
        out.mkdir()
        for index in range(-(-len(content) // 1000)):
            (out / f"chunk_{index}.bin").write_bytes(content[1000 * index:1000 * index + 1000])
        complete.check_chunks(self.source, out, 1000)
        first = (out / "chunk_0.bin").read_bytes()
        (out / "chunk_0.bin").write_bytes(first[::-1])
        self.assertRaises(CommandFailed, complete.check_chunks, self.source, out, 1000)
        (out / "chunk_0.bin").write_bytes(first)
        (out / "chunk_3.bin").unlink()
        self.assertRaises(CommandFailed, complete.check_chunks, self.source, out, 1000)

    def test_without_mpi4py_the_blocking_script_is_not_run(self):
        with mock.patch.object(blocking_script, "_library", return_value=""):
            self.assertIn("mpi4py is not installed", blocking_script.BlockingScript.find())

    def test_without_the_launcher_of_mpi4py_the_blocking_script_is_not_run(self):
        with mock.patch.object(blocking_script, "_library", return_value="Open MPI v4.1.4"), \
                mock.patch.object(blocking_script.shutil, "which", return_value=None):
            self.assertIn("launcher of Open MPI", blocking_script.BlockingScript.find())

    def test_small_files_take_whole_pages(self):
        self.assertEqual(place.footprint(2500, 1000), 3 * 4096)
        self.assertEqual(place.footprint(1 << 20, 1 << 20), 1 << 20)


class ExistingData(unittest.TestCase):
    def test_verify_is_compared_with_its_start_up_too(self):
        verify = Case("verify", "", dict, figures={i: {SECONDS: 2.0, TRANSFER: 0.5} for i in range(3)})
        found = _verify_outcome({"verify": verify, "xxhsum": case("xxhsum", 1.0, 1.0, 1.0)})["verify"]
        self.assertEqual((found.sample.median, found.note), (2.0, "with start-up: 0.50"))
        absent = case("xxhsum", not_run="it is not installed")
        self.assertEqual(_verify_outcome({"verify": verify, "xxhsum": absent})["verify"].not_run,
                         "xxhsum: it is not installed")


class Transport(unittest.TestCase):
    def test_cases_are_paired_by_chunk_and_by_the_window_nearest_to_the_default(self):
        sides = [[f"{name}/chunk:{chunk}/window:{window}/iterations:3/manual_time"
                  for chunk in (1024, 65536) for window in windows]
                 for name, windows in (("transport", (2, 8, 16)), ("engine", (2, 8, 16, 32)))]
        chosen = transport.choose(*sides, {1024: 20, 65536: 3}.get)
        self.assertEqual(list(chosen), [1024, 65536])
        for chunk, window in ((1024, 16), (65536, 2)):
            self.assertTrue(all(f"/window:{window}/" in name for name in chosen[chunk]), chosen)

    def test_the_note_says_how_near_the_engine_comes_to_its_parts(self):
        def case(name, *speeds):
            chunks = ("1 KiB", "64 KiB", "1 MiB")
            return Case(name, "", dict, figures={1: {f"{chunk}, GB/s": speed for chunk, speed in zip(chunks, speeds)
                                                     if speed}})

        cases = {one.name: one for one in (case("transport", 4, 8, 10), case("engine", 2, 6, 5),
                                           case(transport.PARTS, 0, 12, 8))}
        found = transport._outcomes(cases)
        self.assertEqual(found["transport"].sample.values, (0.5,))
        self.assertEqual(found["transport"].note, "1 MiB; of the parts, nothing written, at least 0.50")
        self.assertEqual(found["transport-small"].note, "")
        cases[transport.PARTS] = Case(transport.PARTS, "", dict, not_run="process_vm_readv: not permitted")
        self.assertEqual(transport._outcomes(cases)["transport"].note, "1 MiB")

    def test_a_case_that_names_no_window_has_8(self):
        chosen = transport.choose(["transport/chunk:1048576/iterations:3"], ["engine/chunk:1048576/window:8/x"],
                                  lambda _: 8)
        self.assertEqual(list(chosen), [1 << 20])
        self.assertEqual(transport.choose(["transport/chunk:1048576"], ["engine/chunk:1048576/window:9"],
                                          lambda _: 8), {})


if __name__ == "__main__":
    unittest.main()
