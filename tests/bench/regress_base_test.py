#!/usr/bin/env python3
"""regress_base_test.py [unittest's arguments]: which BASE bench/regress chooses, and what bad input gets."""
import contextlib
import io
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

import tree  # noqa: F401: the path to bench/
from mpiferry_bench.regression import base, building, command_line, experiment_results
from mpiferry_bench.regression.refusal import FAILED, NoBase, Refusal


class Repositories(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mpiferry-regress-")
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name) / "clone"
        (self.root / "engine").mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("one")

    def git(self, *arguments, at=None):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(["git", "-C", at or self.root, "-c", "user.name=a", "-c", "user.email=a@b",
                               "-c", "protocol.file.allow=always", *arguments], check=True,
                              capture_output=True, text=True, env=environment).stdout.strip()

    def commit(self, text):
        (self.root / "engine/file").write_text(text)
        self.git("add", "engine/file")
        self.git("commit", "--quiet", "--message", text)
        return self.git("rev-parse", "HEAD")

    def choose(self, named=None, root=None):
        return base.choose(base.Repository(root or self.root), named)

    def shallow(self):
        clone = self.root.parent / "shallow"
        self.git("clone", "--quiet", "--depth=1", f"file://{self.root}", str(clone))
        return clone

    def test_a_branch_is_compared_with_where_it_left_main(self):
        fork = self.commit("two")
        self.git("switch", "--quiet", "--create", "work")
        self.commit("three")
        self.assertEqual(self.choose().commit, fork)
        self.assertIn("merge base of HEAD and main", self.choose().why)

    def test_main_is_compared_with_the_last_tag_else_with_its_parent(self):
        one, two = self.git("rev-parse", "HEAD"), self.commit("two")
        self.commit("three")
        self.assertEqual(self.choose().commit, two)
        self.git("tag", "v1", one)
        self.assertEqual((self.choose().commit, self.choose().why), (one, "v1, the last tag before HEAD"))
        self.git("tag", "v3")  # HEAD's own tag is no BASE
        self.assertEqual(self.choose().commit, one)

    def test_changes_on_main_are_compared_with_head(self):
        head = self.commit("two")
        (self.root / "notes").write_text("of no consequence")
        self.assertFalse(base.Repository(self.root).dirty)
        self.assertNotEqual(self.choose().commit, head)
        (self.root / "engine/file").write_text("changed")
        self.assertEqual(self.choose().commit, head)
        self.assertTrue(base.Repository(self.root).dirty)

    def test_a_named_base_wins_and_an_unknown_one_is_said(self):
        one = self.git("rev-parse", "HEAD")
        self.commit("two")
        self.assertEqual(self.choose(one[:8]).commit, one)
        for name in ("nonsense", "--all", "HEAD:engine/file"):
            with self.assertRaisesRegex(Refusal, "is no commit, branch or tag"):
                self.choose(name)

    def test_an_empty_base_is_a_variable_that_is_not_set(self):
        with self.assertRaisesRegex(Refusal, "BASE is empty"):
            self.choose("")

    def test_what_the_program_is_built_of_decides_whether_it_differs(self):
        one = self.git("rev-parse", "HEAD")
        (self.root / "notes").write_text("of no consequence")
        self.git("add", "notes")
        self.git("commit", "--quiet", "--message", "notes")
        self.assertTrue(base.Repository(self.root).builds_as(one))
        (self.root / "engine/file").write_text("changed")
        self.assertFalse(base.Repository(self.root).builds_as(one))
        self.commit("two")
        self.assertFalse(base.Repository(self.root).builds_as(one))

    def test_a_first_commit_has_no_base(self):
        with self.assertRaisesRegex(NoBase, "only commit"):
            self.choose()

    def test_a_shallow_clone_says_how_to_deepen_it(self):
        self.commit("two")
        clone = self.shallow()
        with self.assertRaisesRegex(NoBase, "shallow clone.*--unshallow.*fetch-depth: 0"):
            self.choose(root=clone)
        with self.assertRaisesRegex(Refusal, "'v1' is not in this shallow clone.*--unshallow"):
            self.choose("v1", root=clone)

    def test_a_shallow_clone_of_a_branch_that_has_lost_its_fork(self):
        for text in ("two", "three"):
            self.commit(text)
        self.git("switch", "--quiet", "--create", "work", "HEAD~2")
        for text in ("four", "five"):
            self.commit(text)
        clone = self.root.parent / "shallow"
        self.git("clone", "--quiet", "--depth=2", "--no-single-branch", f"file://{self.root}", str(clone))
        with self.assertRaisesRegex(NoBase, "HEAD and origin/main have no common commit.*--unshallow"):
            self.choose(root=clone)

    def test_no_clone_at_all(self):
        with self.assertRaisesRegex(Refusal, "not a git repository.*--base-binary"):
            base.Repository(self.root.parent)
        with self.assertRaisesRegex(Refusal, "not a git clone.*--base-binary"):
            base.Repository(self.root / "engine")

    def test_what_git_says_of_a_clone_of_somebody_else_is_shown(self):
        with mock.patch.dict(os.environ, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_GLOBAL": os.devnull,
                                          "GIT_CONFIG_SYSTEM": os.devnull}), \
                self.assertRaisesRegex(Refusal, "dubious ownership.*safe.directory") as caught:
            base.Repository(self.root)
        self.assertNotIn("not a git clone", str(caught.exception))

    def test_what_git_and_tar_say_of_a_base_that_cannot_be_written_is_shown(self):
        repository, below = base.Repository(self.root), self.root.parent / "below"
        with self.assertRaisesRegex(Refusal, "(?s)nonsense: git archive and tar.*:\n.*not a valid object") as caught:
            building.checkout(repository, base.Base("nonsense", "n", "w"), below)
        self.assertEqual(caught.exception.code, FAILED)
        tools = self.root.parent / "bin"
        tools.mkdir()
        (tools / "tar").write_text("#!/bin/sh\necho tar: no space left >&2\nexit 2\n")
        (tools / "tar").chmod(0o755)
        with mock.patch.dict(os.environ, {"PATH": f"{tools}:{os.environ['PATH']}"}), \
                self.assertRaisesRegex(Refusal, "tar: no space left"):
            building.checkout(repository, base.Base("HEAD", "n", "w"), below)

    def test_a_base_that_does_not_build_shows_the_end_of_its_log(self):
        (self.root / "CMakeLists.txt").write_text('message(FATAL_ERROR "broken on purpose")\n')
        self.git("add", ".")
        chosen = base.Base(self.commit("two"), "two", "named two")
        with self.assertRaisesRegex(building.BuildFailed,
                                    r"(?s)BASE \(two\) does not build: CMake Error.*The end of .*build.log:.*broken on purpose"):
            building.build_base(base.Repository(self.root), chosen, self.root / "build", lambda _: None)

    def test_a_base_from_before_the_program(self):
        chosen = base.choose(base.Repository(self.root), "HEAD")
        with self.assertRaisesRegex(building.BuildFailed, "no CMakeLists.txt: it is older than the program"):
            building.build_base(base.Repository(self.root), chosen, self.root / "build", lambda _: None)

    def run_main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.object(command_line, "ROOT", self.root), contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err):
            try:
                code = command_line.main(list(arguments))
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    def test_short_is_skipped_without_a_base_and_else_it_is_an_error(self):
        code, out, _ = self.run_main("--short")
        self.assertEqual((code, out.split(":")[0]), (0, "SKIPPED"))
        code, out, err = self.run_main()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("error: no BASE: HEAD is the repository's only commit", err)

    def test_what_usage_gets(self):
        for arguments, said in [
                (["nonsense"], "'nonsense' is no commit"),
                (["--short", "nonsense"], "'nonsense' is no commit"),
                (["--case", "64K:1:1M"], "not CHUNK:RANKS:SIZE"),
                (["--case", "64K:3:0"], "0: not a size"),
                (["--minutes", "0"], "0: not a number between"),
                (["--minutes", "nan"], "nan: not a number between"),
                (["--pairs", "0"], "--pairs: 0: not a whole number"),
                (["--threshold", "20"], "is above --margin 10"),
                (["--base-binary", "/bin/true"], "needs --head-binary"),
                (["HEAD", "--base-binary", "a", "--head-binary", "b"], "which of them?"),
                (["--head-binary", "/nowhere/b", "--even-if-identical"], "/nowhere/b: no such program"),
                (["--base-binary", "/nowhere/a", "--head-binary", "/bin/true"], "/nowhere/a: no such program"),
                (["--json", "/nowhere/a.json"], "--json /nowhere/a.json: there is no directory /nowhere"),
                (["experiment", "--runs", "0"], "--runs: 0: not a whole number")]:
            with self.subTest(arguments=arguments):
                code, _, err = self.run_main(*arguments)
                self.assertEqual(code, 2, err)
                self.assertIn(said, err)


class ResultsOfExperiments(unittest.TestCase):
    IDENTITY = {"machine": "M", "program": "p"}

    def found(self, text):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch) / "results.json"
            path.write_text(text)
            return experiment_results.Results(path, self.IDENTITY).data

    def test_another_schema_machine_or_program_is_refused_and_the_way_out_named(self):
        good = {"schema": experiment_results.SCHEMA, "identity": self.IDENTITY, "amounts": None, "planted_program": None,
                "runs": []}
        self.assertEqual(self.found(json.dumps(good)), good)
        for change, said in (({"schema": "mpiferry.regress-experiment/0"}, "has schema mpiferry.regress-exp"),
                             ({"identity": {**self.IDENTITY, "machine": "N"}}, r"another machine \(N, now M\)"),
                             ({"identity": {}}, "another machine")):
            with self.assertRaisesRegex(Refusal, f"{said}.*--results names another file"):
                self.found(json.dumps({**good, **change}))
        for text in ("", "[]", "{}", "nonsense"):
            with self.assertRaisesRegex(Refusal, "not a file of results"):
                self.found(text)

    def test_damage_is_refused(self):
        jobs = [{"case": "c", "base": {"transfer": 1.0}, "head": {"transfer": 2.0}}]
        run = {"kind": "itself", "verdict": "green", "seconds": 1.5, "pairs": 1, "jobs": jobs,
               "worst": {"case": "c", "figure": "whole", "slowdown": 0.1, "low": -1, "high": float("inf"), "p": 0.5}}
        good = {"schema": experiment_results.SCHEMA, "identity": self.IDENTITY, "amounts": [5], "planted_program": "d",
                "runs": [run]}
        self.assertEqual(self.found(json.dumps(good)), good)
        damaged = [{key: value for key, value in good.items() if key != name} for name in good if name != "schema"]
        damaged += [{**good, "runs": [{key: value for key, value in run.items() if key != name}]} for name in run]
        damaged += [{**good, **change} for change in (
            {"runs": 1}, {"runs": ["red"]}, {"amounts": ["5"]}, {"identity": []}, {"runs": [{**run, "worst": {}}]},
            {"runs": [{**run, "kind": "other"}]}, {"runs": [{**run, "seconds": "1"}]},
            {"runs": [{**run, "jobs": [{**jobs[0], "head": {}}]}]})]
        for one in damaged:
            with self.subTest(one), self.assertRaisesRegex(Refusal, "the file is damaged; --results names another"):
                self.found(json.dumps(one))

    def test_only_the_first_runs_are_judged(self):
        """20 are kept; of --runs 5 the first five count, however many of the others were red."""
        with tempfile.TemporaryDirectory() as scratch:
            results = experiment_results.Results(pathlib.Path(scratch) / "r", self.IDENTITY)
        for kind, reds in (("planted", range(5, 20)), ("itself", ())):
            results.data["runs"] += [{"kind": kind, "verdict": "red" if k in reds else "green"} for k in range(20)]
        met, totals = experiment_results.judged(results, 5)
        self.assertFalse(met)
        self.assertIn("found: 0 of 5 (aim: at least 5 of 5; MISSED)", totals[0])

    def test_the_aims_are_19_of_20_and_one_false_alarm_at_most(self):
        def aims(found, alarms, runs=20):
            with tempfile.TemporaryDirectory() as scratch:
                results = experiment_results.Results(pathlib.Path(scratch) / "r", self.IDENTITY)
            for kind, red in (("planted", found), ("itself", alarms)):
                results.data["runs"] += [{"kind": kind, "verdict": "red" if k < red else "green"}
                                         for k in range(runs)]
            return experiment_results.judged(results, 20)[0]
        self.assertEqual([aims(20, 0), aims(19, 1), aims(18, 0), aims(20, 2), aims(10, 0, 10)],
                         [True, True, False, False, False])


if __name__ == "__main__":
    unittest.main()
