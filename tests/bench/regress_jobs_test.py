#!/usr/bin/env python3
"""regress_jobs_test.py [unittest's arguments]: bench/regress with real jobs, and what docs/guide/ci.md
shows. MPIFERRY_TEST_BINARY and MPIFERRY_TEST_MPIEXEC say which program and which launcher."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import visible  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATE = ROOT / "bench/regress"
EXAMPLES = ROOT / "docs/guide/examples"
BINARY = os.environ["MPIFERRY_TEST_BINARY"]
MPIEXEC = shutil.which(os.environ["MPIFERRY_TEST_MPIEXEC"])
TINY = ("--case", "64K:2:1M")


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mpiferry-regress-")
        self.addCleanup(scratch.cleanup)
        self.here = pathlib.Path(scratch.name)
        self.target = self.here / "target"
        self.target.mkdir()
        self.json, self.markdown = self.here / "r.json", self.here / "r.md"
        self.summary = self.here / "summary.md"
        self.environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(self.summary)}

    def argv(self, head, *options, base=BINARY):
        return [sys.executable, str(GATE), "--base-binary", str(base), "--head-binary", str(head), "--mpiexec",
                MPIEXEC, "--target", str(self.target), "--even-if-identical", "--json", str(self.json),
                "--markdown", str(self.markdown), *TINY, *options]

    def run_gate(self, head, *options, base=BINARY):
        done = subprocess.run(self.argv(head, *options, base=base), env=self.environment, capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual(list(self.target.iterdir()), [], "something is left at the target")
        return done

    def program(self, text):
        path = self.here / "program"
        path.write_text(f"#!/bin/sh\n[ $1 != --version ] || exec {BINARY} --version\n{text}\n")
        path.chmod(0o755)
        return path


class TheGateItself(Scratch):
    def test_equal_programs_are_not_red(self):
        done = self.run_gate(BINARY, "--pairs", "4")  # 4 of 4 cannot be sure: this never cries wolf
        self.assertIn(done.returncode, (0, 3), done.stderr)
        data = json.loads(self.json.read_text())
        self.assertEqual((data["schema"], data["exit_code"], data["partial"], len(data["pairs"])),
                         ("mpiferry.regress/1", done.returncode, False, 4))
        for pair in data["pairs"]:
            for program in ("base", "head"):
                figures = pair[program]
                self.assertGreater(figures["transfer"], 0)
                self.assertGreater(figures["whole"], figures["transfer"])
                self.assertGreater(figures["cpu"], 0)
        self.assertIn("| 64 KiB x 2 ranks, 1 MiB | transfer |", self.markdown.read_text())
        self.assertEqual(self.markdown.read_text(), done.stdout)
        self.assertEqual(self.summary.read_text(), done.stdout)

    def test_a_slow_stand_in_is_red(self):
        slow = self.program(f'sleep 1\nexec {BINARY} "$@"')
        done = self.run_gate(slow, "--pairs", "8", "--alpha", "0.05")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^\| 64 KiB x 2 ranks, 1 MiB \| whole command \| .*\*\*slower\*\* \|$")
        data = json.loads(self.json.read_text())
        slower = [one for one in data["findings"] if one["state"] == "slower" and one["figure"] == "whole"]
        self.assertGreater(slower[0]["slowdown"], 0.5)
        self.assertLessEqual(slower[0]["p"], 0.05)

    def test_a_job_that_fails_is_said_with_its_program(self):
        done = self.run_gate(self.program("echo disk on fire >&2; exit 4"), "--pairs", "1")
        self.assertEqual(done.returncode, 4)
        self.assertRegex(done.stderr, r"(?s)error: HEAD failed \(64 KiB x 2 ranks, 1 MiB\):.*status 4.*disk on fire")

    def test_a_head_that_crashes_in_the_middle_is_no_noise(self):
        """CI lets 3 pass: that must never hide a crash."""
        counter = self.here / "counter"
        dies = self.program(f'echo >>{counter}\n[ $(wc -l <{counter}) -gt 6 ] && kill -SEGV $$\nexec {BINARY} "$@"')
        done = self.run_gate(dies, "--pairs", "500")
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("error: HEAD failed", done.stderr)
        data = json.loads(self.json.read_text())
        self.assertEqual((data["partial"], data["exit_code"]), (True, 4))

    def test_a_base_without_the_options_is_called_too_old(self):
        old = self.program("echo 'The following argument was not expected: --json' >&2; exit 2")
        done = self.run_gate(BINARY, "--pairs", "1", base=old)
        self.assertEqual(done.returncode, 4)
        self.assertIn("BASE lacks an option or a report that the jobs need", done.stderr)

    def test_an_interrupt_leaves_a_result_marked_partial_and_a_clean_target(self):
        # HEAD is slower, so no look is green; 14 pairs cannot be this sure, so the first one is not red.
        head = self.program(f'sleep 0.1\nexec {BINARY} "$@"')
        with subprocess.Popen(self.argv(head, "--pairs", "500", "--minutes", "5", "--alpha", "1e-9"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as gate:
            heard = gate.stderr.readline()  # the first look: 14 pairs are there
            gate.send_signal(signal.SIGINT)
            _, rest = gate.communicate(timeout=60)
        self.assertEqual(gate.returncode, 130, heard + rest)
        self.assertIn("interrupted", rest)
        data = json.loads(self.json.read_text())
        self.assertEqual((data["partial"], data["verdict"], data["exit_code"]), (True, "undecided", 130))
        self.assertGreaterEqual(len(data["pairs"]), 14)
        self.assertIn("## Regression gate: PARTIAL", self.markdown.read_text())
        self.assertEqual(list(self.target.iterdir()), [])


class InCI(Scratch):
    def test_the_document_links_to_every_example(self):
        links = set(re.findall(r"\]\(examples/([^)]+)\)", (ROOT / "docs/guide/ci.md").read_text()))
        self.assertEqual(links, {path.name for path in EXAMPLES.iterdir()})

    def test_the_workflow_is_one(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("this Python has no yaml (python3-yaml)")
        workflow = yaml.safe_load((EXAMPLES / "regression.yml").read_text())
        self.assertEqual(set(workflow), {"name", True, "permissions", "jobs"})  # YAML 1.1 reads `on` as true
        for job in workflow["jobs"].values():
            self.assertIsInstance(job["runs-on"], str)
            checkout = job["steps"][0]
            self.assertRegex(checkout["uses"], r"^actions/checkout@v\d+$")
            self.assertEqual(checkout["with"]["fetch-depth"], 0)
            for step in job["steps"]:
                self.assertEqual(len({"uses", "run"} & set(step)), 1, step)

    def step(self, status):
        """The workflow's shell step with a ./dev that ends so."""
        text = (EXAMPLES / "regression.yml").read_text()
        body = re.search(r"^        run: \|\n((?:          .*\n)+)", text, re.MULTILINE)[1]
        work = self.here / f"step{status}"
        work.mkdir()
        (work / "dev").write_text(f'#!/bin/sh\necho "$@" >arguments\nexit {status}\n')
        (work / "dev").chmod(0o755)
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", body], cwd=work, capture_output=True,
                              text=True, env={**os.environ, "BASE": "abc"}, check=False)
        self.assertIn("bench regress abc ", (work / "arguments").read_text())
        return done

    def test_the_workflow_fails_when_red_and_warns_when_undecided(self):
        self.assertEqual([self.step(status).returncode for status in (0, 1, 2, 3, 4)], [0, 1, 2, 0, 4])
        shutil.rmtree(self.here / "step3")
        self.assertIn("::warning::", self.step(3).stdout)

    def test_the_scripts_are_clean(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        done = subprocess.run(["shellcheck", str(EXAMPLES / "regression.slurm")], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_sbatch_reads_its_options_before_the_first_command(self):
        lines = (EXAMPLES / "regression.slurm").read_text().splitlines()
        first = next(at for at, line in enumerate(lines) if line and not line.startswith("#"))
        options = [at for at, line in enumerate(lines) if line.startswith("#SBATCH ")]
        self.assertGreater(len(options), 3)
        self.assertLess(max(options), first)

    def run_script(self, programs, *, slurm):
        """Runs the Slurm script with only these programs beside the usual tools of a shell."""
        path = self.here / "bin"
        path.mkdir()
        for name in ("bash", "mkdir", "dirname", "env", "python3", "sh"):
            tool = sys.executable if name == "python3" else shutil.which(name)
            (path / name).write_text(f'#!/bin/sh\nexec {tool} "$@"\n')  # no link: Python looks where it lies
        for name, text in programs.items():
            (path / name).write_text(f"#!/bin/sh\n{text}\n")
        for program in path.iterdir():
            program.chmod(0o755)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM")}
        environment |= {"PATH": str(path), "RESULTS": str(self.here / "results")}
        environment.pop("MPIEXEC", None)
        if slurm:
            environment |= {"SLURM_SUBMIT_DIR": str(ROOT), "SLURM_JOB_ID": "7"}
        return subprocess.run([shutil.which("bash"), str(EXAMPLES / "regression.slurm"), "--base-binary", BINARY,
                               "--head-binary", BINARY, "--target", str(self.target), "--even-if-identical",
                               *TINY, "--pairs", "2"], cwd="/" if slurm else ROOT, env=environment,
                              capture_output=True, text=True, timeout=100, check=False)

    def assert_measured(self, done):
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)  # two pairs decide nothing
        data = json.loads((self.here / "results/regress.json").read_text())
        self.assertEqual((len(data["pairs"]), data["verdict"]), (2, "undecided"))
        self.assertEqual((self.here / "results/regress.md").read_text(), done.stdout)

    def test_the_slurm_script_runs_with_mpichs_launcher(self):
        self.assert_measured(self.run_script({"mpiexec.hydra": f'exec {MPIEXEC} "$@"'}, slurm=False))

    def test_the_slurm_script_runs_with_srun_where_there_is_nothing_else(self):
        marker = self.here / "srun_was_here"
        self.assert_measured(self.run_script({"srun": f': >{marker}\nexec {MPIEXEC} "$@"'}, slurm=True))
        self.assertTrue(marker.exists())

    def test_the_slurm_script_says_that_there_is_no_launcher(self):
        done = self.run_script({}, slurm=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no launcher: load MPICH's module", done.stderr)


if __name__ == "__main__":
    visible.main()
