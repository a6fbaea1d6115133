#!/usr/bin/env python3
"""The imports have no circle: each module of the measuring tools can be the first one that is imported."""

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
import importlib, os, sys, traceback
for name in ("argparse json random statistics subprocess tempfile " + sys.argv[1]).split():
    importlib.import_module(name)
sys.pycache_prefix = sys.argv[2]  # or each module would be compiled again and again
for name in sys.argv[3:]:
    if os.fork() == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.wait()
"""


class Imports(unittest.TestCase):
    def failures(self, python: str, libraries: str, *names: str) -> str:
        with tempfile.TemporaryDirectory() as cache:
            return subprocess.run([python, "-c", ALONE, libraries, cache, *names], capture_output=True, text=True,
                                  check=True, env={**os.environ, "PYTHONPATH": str(BENCH)}).stderr

    def test_each_module_can_be_imported_alone(self) -> None:
        names = {".".join(path.relative_to(BENCH).with_suffix("").parts)
                 for path in (BENCH / "mpiferry_bench").rglob("*.py")}
        self.assertGreater(len(names), 50)
        self.assertEqual(self.failures(sys.executable, "psutil", *sorted(names - {*DRAWING})), "")
        try:
            self.assertEqual(self.failures(drawing_python(), "jinja2 matplotlib.figure", *DRAWING), "")
        except NoPage as error:
            print(f"SKIPPED: {', '.join(DRAWING)}: {error}")


if __name__ == "__main__":
    unittest.main()
