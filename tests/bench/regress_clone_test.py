#!/usr/bin/env python3
"""regress_clone_test.py [unittest's arguments]: what bench/regress builds of a clone, and what it looks at before it
builds. The clone's program is a line of shell."""
import json
import os
import shutil
import subprocess
import unittest
from unittest import mock

from stand_ins import Here

from mpiferry_bench.regression import base, building, command_line
from mpiferry_bench.regression.refusal import FAILED, Refusal


class Clones(Here):
    def setUp(self):
        super().setUp()
        self.root = self.here / "clone"
        for folder in ("engine", "cli", "cmake", "docs"):
            (self.root / folder).mkdir(parents=True)
            (self.root / folder / "file").write_text("one")
        self.broken(False)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()
        patched = mock.patch.object(command_line, "ROOT", self.root)
        patched.start()
        self.addCleanup(patched.stop)

    def broken(self, broken):
        compiler = self.program("compiler", "echo one.cpp:7:1: warning: odd\n"
                                "echo one.cpp:9:3: error: no such thing\necho one.cpp:9:9: error: nor that\nexit 1")
        (self.root / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.22)\nproject(clone NONE)\nadd_custom_target(mpiferry COMMAND "
            f"{compiler if broken else f'cp {self.ferry} cli/mpiferry'})\n"
            "file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cli)\n")

    def git(self, *arguments):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        subprocess.run(["git", "-C", self.root, "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True,
                       capture_output=True, env=environment)

    def commit(self):
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "a step")

    def gate_of_clone(self, *arguments):
        return self.run_main("--mpiexec", self.launcher, "--target", self.target, "--build", self.here / "build",
                             "--case", "64K:2:64K", "--pairs", "1", "--json", self.here / "r.json", *arguments)

    def test_short_builds_nothing_if_nothing_that_is_built_differs(self):
        (self.root / "docs/file").write_text("two")
        self.commit()
        code, out, err = self.gate_of_clone("--short")
        self.assertEqual(code, 0, err)
        self.assertIn("GREEN: nothing that the program is built of differs, so nothing was measured", out)
        self.assertFalse((self.here / "build").exists())
        data = json.loads((self.here / "r.json").read_text())
        self.assertEqual((data["verdict"], data["exit_code"], data["pairs"], data["head"]["program"]),
                         ("green", 0, [], None))

    def test_it_measures_when_it_is_asked_to_or_something_differs(self):
        (self.root / "docs/file").write_text("two")
        self.commit()
        self.assertEqual(self.gate_of_clone("--short", "--even-if-identical")[0], 3)
        code, out, _ = self.gate_of_clone()  # it builds both, and finds them the same
        self.assertEqual((code, "byte for byte" in out), (0, True))
        with mock.patch.object(command_line, "build_head", side_effect=Refusal("it builds")):
            code, out, _ = self.gate_of_clone("--head-binary", self.ferry)  # so it builds BASE only
            self.assertEqual((code, "byte for byte" in out), (0, True))
        self.assertIn(f"HEAD's program was not built here: it is {self.ferry}", out)
        self.assertEqual(json.loads((self.here / "r.json").read_text())["head"]["program"], str(self.ferry))
        for folder in base.PROGRAM[1:]:
            (self.root / folder / "new").write_text("differs")
            with mock.patch.object(command_line, "build_base", side_effect=Refusal("it builds")):
                self.assertIn("it builds", self.gate_of_clone("--short")[2])  # though it is not committed
                self.commit()
                self.assertIn("it builds", self.gate_of_clone("--short", "HEAD^")[2])

    def test_room_is_looked_for_before_anything_is_built(self):
        code, _, err = self.gate_of_clone("HEAD", "--case", "64K:2:1000T")
        self.assertEqual((code, "are free" in err), (FAILED, True), err)
        self.assertFalse((self.here / "build").exists())

    def test_what_builds_is_looked_for_before_anything_is_built(self):
        for missing in ("tar", "cmake"):
            tools = self.here / f"without-{missing}"
            tools.mkdir()
            for tool in {"git", "tar", "cmake"} - {missing}:
                (tools / tool).symlink_to(shutil.which(tool))
            with mock.patch.dict(os.environ, PATH=str(tools)):
                for words in (("HEAD", "--even-if-identical"), ("experiment",)):
                    code, out, err = self.run_main(*words, "--build", self.here / "build", "--target", self.target)
                    self.assertEqual((code, out), (2, ""), err)
                    self.assertRegex(err, f"error: {missing} was not found on the PATH; it is needed to ")
            self.assertFalse((self.here / "build").exists())

    def test_what_is_built_is_said_and_how_long_it_took(self):
        (self.root / "engine/file").write_text("two")
        self.commit()
        _, _, err = self.gate_of_clone()
        self.assertRegex(err, r"(?s)building BASE \(\w+ a step\) in .*built BASE \(\w+ a step\) in \d+ s\n"
                              r".*building HEAD \(the working tree\) in .*built HEAD .* in \d+ s\n")

    def test_the_first_error_of_a_build_and_its_log_are_named(self):
        self.broken(True)
        self.commit()
        with self.assertRaisesRegex(building.BuildFailed, r"^B does not build: one.cpp:9:3: error: no such thing\n"
                                                          rf"The end of {self.here}/build/build.log:\n"):
            building.build(self.root, self.here / "build", "B", lambda _: None)

    def test_an_empty_base_is_said(self):
        for name in ("", " "):
            code, out, err = self.gate_of_clone("--short", name)
            self.assertEqual((code, out), (2, ""))
            self.assertIn("error: BASE is empty", err)


if __name__ == "__main__":
    unittest.main()
