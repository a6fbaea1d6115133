#!/usr/bin/env python3
"""No import circle: each module of the measuring tools can be the first one that is imported."""

import os
import subprocess
import sys
import tempfile
import unittest

from tree import BENCH  # first: it is the path to the rest

from mpiferry_bench.sweep.files import NoPage, drawing_python

DRAWING = ("mpiferry_bench.sweep.charts", "mpiferry_bench.sweep.page")  # what needs matplotlib
# A fresh process for each, which knows the libraries and none of the others.
ALONE = """
import argparse, importlib, json, os, random, statistics, subprocess, sys, tempfile, traceback
for name in sys.argv[1:]:
    if os.fork() == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.wait()
"""


class Imports(unittest.TestCase):
    def failures(self, python: str, *names: str) -> str:
        with tempfile.TemporaryDirectory() as cache:  # or each of them would be compiled again and again
            return subprocess.run([python, "-c", ALONE, *names], capture_output=True, text=True, check=True,
                                  env={**os.environ, "PYTHONPATH": str(BENCH), "PYTHONPYCACHEPREFIX": cache}).stderr

    def test_each_module_can_be_imported_alone(self) -> None:
        names = {".".join(path.relative_to(BENCH).with_suffix("").parts)
                 for path in (BENCH / "mpiferry_bench").rglob("*.py")}
        self.assertGreater(len(names), 50)
        self.assertEqual(self.failures(sys.executable, *sorted(names - {*DRAWING})), "")
        try:
            self.assertEqual(self.failures(drawing_python(), *DRAWING), "")
        except NoPage as error:
            print(f"SKIPPED: {', '.join(DRAWING)}: {error}")


if __name__ == "__main__":
    unittest.main()
