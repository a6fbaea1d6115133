"""What plays MPI and mpiferry for the tests of bench/regress: lines of shell."""
import contextlib
import io
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from tree import ROOT  # noqa: F401: for those who use this

from mpiferry_bench.regression import command_line, preflight

LAUNCHER = 'n=$2; shift 2\nwhile [ "$n" -gt 0 ]; do "$@" || exit; n=$((n - 1)); done'
VERSION = "[ $1 = --version ] && { echo mpiferry 0; exit; }"
REPORT = """for word; do [ "$last" = --json ] && report=$word; last=$word; done
echo '{"exit_code": 0, "bytes_written": 65536, "transfer_seconds": 0.5}' >$report"""


class Here(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="mpiferry-regress-")
        self.addCleanup(place.cleanup)
        self.here = pathlib.Path(place.name)
        self.target = self.here / "target"
        self.target.mkdir()
        self.launcher = self.program("launcher", LAUNCHER)
        self.ferry = self.program("ferry", f"{VERSION}\n{REPORT}")
        environment = mock.patch.dict(os.environ)
        environment.start()
        self.addCleanup(environment.stop)
        os.environ.pop(preflight.SUMMARY, None)

    def program(self, name, text):
        path = self.here / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def run_main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = command_line.main(list(map(str, arguments)))
            except SystemExit as end:
                code = end.code
        self.assertEqual(list(self.target.iterdir()), [], "something is left at the target")
        return code, out.getvalue(), err.getvalue()

    def gate(self, *arguments):
        return self.run_main("--base-binary", self.ferry, "--head-binary", self.ferry, "--even-if-identical",
                             "--mpiexec", self.launcher, "--case", "64K:2:64K", "--pairs", "1", "--target",
                             self.target, *arguments)

    def refused(self, said, *arguments, code=2):
        done, out, err = self.gate(*arguments)
        self.assertEqual((done, out), (code, ""), err)
        self.assertRegex(err, f"(?s)^bench/regress: error: {said}")
