#!/usr/bin/env python3
"""regress_refusal_test.py [unittest's arguments]: what bench/regress says of places, launchers, programs and jobs
that are no good, and that it says so before it builds or measures. There is no MPI in it: a stand-in starts ranks."""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
from unittest import mock

from stand_ins import LAUNCHER, ROOT, VERSION, Here

import psutil
from mpiferry_bench.measuring import command, output, scratch
from mpiferry_bench.regression import experiment_results, jobs, preflight, rendering
from mpiferry_bench.regression.decision import Rule
from mpiferry_bench.regression.gate import Course
from mpiferry_bench.regression.refusal import FAILED, Refusal

CASE = jobs.Case(65536, 2, 65536)


class Places(Here):
    def test_the_stand_ins_are_measured(self):
        self.assertEqual(self.gate("--json", self.here / "r.json")[0], 3)
        self.assertEqual(len(json.loads((self.here / "r.json").read_text())["pairs"]), 1)

    def test_what_cannot_be_written_is_named_with_its_option(self):
        for option in ("--json", "--markdown"):
            for path, why in (("/proc/nothing", "cannot be written"), (self.here, "is a directory"),
                              (self.here / "no/r", "there is no directory"), (self.ferry / "r", "there is no directory"),
                              (self.here / (300 * "a"), "cannot be written: File name too long")):
                self.refused(f"{option} {path}: {why}", option, path)
        for path, why in (("/proc", "nothing can be written there"), ("/nowhere", "no such directory"), (self.ferry, "is not a directory")):
            done, out, err = self.gate("--target", path)
            self.assertEqual((done, out), (2, ""), err)
            self.assertIn(f"error: --target {path}: {why}", err)

    def test_the_file_of_a_workflow_is_named_by_its_variable(self):
        os.environ[preflight.SUMMARY] = str(self.here / "no/summary")
        self.refused(rf"\$GITHUB_STEP_SUMMARY {self.here}/no/summary: there is no directory")

    def test_one_file_is_not_written_twice(self):
        self.refused("--json .* are the same file", "--json", self.here / "r", "--markdown", self.here / "target/../r")

    def test_trying_leaves_files_as_they_were_and_makes_none(self):
        old, new, link = self.here / "old", self.here / "new", self.here / "link"
        old.write_text("words")
        link.symlink_to(new)
        for path in (old, new, link, pathlib.Path(os.devnull)):
            output.check("--json", path)
        output.check_new_directory("--build", self.here / "a/b")
        self.assertEqual(old.read_text(), "words")
        self.assertFalse(new.exists() or (self.here / "a").exists())
        self.refused("--mpiexec /nowhere", "--json", new, "--mpiexec", "/nowhere")
        self.assertFalse(new.exists())

    def test_a_place_for_builds_is_tried_before_base_is_looked_for(self):
        for path in ("/proc/builds", self.ferry / "below"):
            for words in (("nonsense",), ("experiment",)):
                code, _, err = self.run_main(*words, "--build", path)
                self.assertEqual(code, 2, err)
                self.assertRegex(err, f"error: --build {path}: cannot be made: ")
        code, _, err = self.run_main("experiment", "--build", self.here, "--results", self.ferry / "r.json")
        self.assertEqual((code, "error: --results" in err), (2, True), err)

    def test_a_file_that_fails_at_the_end_takes_none_of_the_others_along(self):
        code, out, err = self.gate("--json", "/dev/full", "--markdown", self.here / "r.md")
        self.assertEqual(code, 2)
        self.assertIn("error: --json /dev/full: No space left", err)
        self.assertEqual((self.here / "r.md").read_text(), out)


class LaunchersAndPrograms(Here):
    def test_a_launcher_must_start_all_ranks(self):
        text = self.here / "text"
        text.write_text("no program")
        odd = self.program("odd", "\\c")
        odd.write_text("\0\0")
        for launcher, why in ((self.program("one", 'shift 2; exec "$@"'), "does not start ranks: of 2, 1 came"),
                              ("/bin/true", "does not start ranks: of 2, none came"),
                              ("/bin/echo", "does not start ranks: of 2, none came"),
                              (self.program("bad", "echo no slots; exit 3"), "does not start ranks:.*status 3.*no slots"),
                              (odd, "does not start: "), (text, "no such program, or it cannot be executed"),
                              ("/nowhere", "no such program")):
            self.refused(f"--mpiexec {launcher}: {why}", "--mpiexec", launcher)

    def test_as_many_ranks_are_started_as_the_largest_case_has(self):
        few = self.program("few", f"[ $2 -lt 5 ] || exit 7\n{LAUNCHER}")
        self.refused(f"--mpiexec {few}: does not start ranks:.*status 7", "--mpiexec", few, "--case", "64K:5:64K")

    def test_a_launcher_of_the_machine_is_named_too(self):
        with mock.patch.object(preflight, "LAUNCHERS", ("/bin/true",)), \
                self.assertRaisesRegex(Refusal, r"^/bin/true \(--mpiexec names another launcher\): does not start"):
            preflight.check_launcher(None, 2)

    def test_a_program_must_be_mpiferry(self):
        text = self.here / "text"
        text.write_text("no program")
        for option in ("--base-binary", "--head-binary"):
            for program, why in (("/bin/true", "not mpiferry: its --version .* printed: true"),
                                 (self.program("silent", ""), "not mpiferry: .* printed: nothing"),
                                 (self.program("other", "echo other 1"), "not mpiferry: .* printed: other 1"),
                                 (self.program("dies", "echo libmpi.so: not found; exit 127"),
                                  "not mpiferry: .* status 127 and printed: libmpi.so: not found"),
                                 (text, "cannot be executed"), (self.here, "is a directory, not a program")):
                self.refused(f"{option} {program}: {why}", option, program)


class HangingJobs(Here):
    def jobs(self, place, ferry):
        return jobs.Jobs(ferry, self.ferry, str(self.launcher), place, [CASE])

    def test_patience_grows_with_the_jobs_of_the_same_case(self):
        with scratch.Scratch(self.target) as place:
            one = self.jobs(place, self.ferry)
            self.assertEqual(one.patience(CASE), 300)
            one.measure("base", CASE)
            self.assertEqual((one.patience(CASE), one.patience(jobs.Case(1, 2, 3))), (60, 300))
            with mock.patch.object(jobs, "LEAST", 0.0):
                self.assertGreater(one.patience(CASE), 0)
                self.assertLess(one.patience(CASE), 60)

    def test_a_job_that_hangs_is_killed_and_named(self):
        # A rank has a session of its own under MPICH, and may take no notice of SIGTERM.
        hangs = self.program("hangs", f"{VERSION}\nsetsid sh -c 'trap \"\" TERM; echo $$ >{self.here}/rank; sleep 100' &\n"
                             f"echo $$ >{self.here}/job\nwait")
        with scratch.Scratch(self.target) as place, mock.patch.object(jobs, "FIRST", 1.0), \
                mock.patch.object(command, "GRACE", 0.1), \
                self.assertRaisesRegex(Refusal, r"(?s)BASE failed \(64 KiB x 2 ranks, 64 KiB\):.*hangs scatter.*"
                                                "had not ended after 1 s") as caught:
            self.jobs(place, hangs).measure("base", CASE)
        self.assertEqual(caught.exception.code, FAILED)
        deadline = time.monotonic() + 10
        for name in ("job", "rank"):
            while self.lives(int((self.here / name).read_text())):
                self.assertLess(time.monotonic(), deadline, f"the {name} outlived the gate")
                time.sleep(0.01)

    @staticmethod
    def lives(pid):
        return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE

    def test_a_target_that_fills_up_is_named(self):
        with scratch.Scratch(self.target) as place, \
                mock.patch.object(place, "warm", side_effect=OSError(28, "No space left on device")), \
                self.assertRaisesRegex(Refusal, f"^--target {self.target}: No space left on device; make room"):
            self.jobs(place, self.ferry).measure("head", CASE)


class Words(Here):
    def test_usage_is_short(self):
        for arguments in (["--nosuch"], ["--pairs", "none"], ["experiment", "--nosuch"], ["a", "b"]):
            code, _, err = self.run_main(*arguments)
            self.assertEqual((code, len(err.splitlines())), (2, 2), err)
            self.assertRegex(err, r"^usage: bench/regress .*--help")

    def test_usage_of_the_other_programs_is_as_short(self):
        for argv in (["bench/transfer"], ["bench/transfer", "nosuch"], ["bench/transfer", "cp", "--size", "none"],
                     ["bench/compare", "nosuch"], ["bench/sweep", "--nosuch"], ["bench/sweep", "page"],
                     ["bench/regression/simulation.py", "--runs", "0"]):
            done = subprocess.run([sys.executable, *argv], cwd=ROOT, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (2, "", 2), done.stderr)
            self.assertRegex(done.stderr, r"^usage: .*--help shows the options\n.*: error: ")

    def test_no_share_of_nothing(self):
        results = experiment_results.Results(self.here / "r", {})
        for text in experiment_results.judged(results, 5)[1]:
            self.assertIn("no run yet (aim", text)
        self.assertNotIn("what follows", rendering.reason(Course(), Rule()))

    def test_dev_names_the_benchmarks(self):
        for name in ("nosuch", "", "bench_sweep"):
            done = subprocess.run([ROOT / "dev", "bench", name], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertRegex(done.stderr, f"'{name}' is none of sweep peers regress transfer, digest wire flow")

    def test_dev_passes_no_word_over(self):
        for words in (("run", "file", "dest", "extra"), ("test", "extra"), ("sanitize", "regex", "extra"),
                      ("fuzz", "1", "header", "extra"), ("clang", "extra"), ("lint", "extra"), ("format", "extra")):
            done = subprocess.run([ROOT / "dev", *words], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (2, "", f"dev: {words[0]}: 'extra' is a word too many\n  try: ./dev help\n"))


if __name__ == "__main__":
    unittest.main()
