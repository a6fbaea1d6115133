#!/usr/bin/env python3
"""Bad options of the micro-benchmarks: said once, whatever the number of ranks, and not with exit code 0.

micro_usage.py MPIEXEC BENCH_WIRE BENCH_ENGINE
"""

import subprocess
import sys
import unittest

import visible

MPIEXEC, WIRE, ENGINE = sys.argv[1:4]
RANKS = ("-n", "3")


def refused(*argv: str) -> "tuple[int, str]":
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


class Refused(unittest.TestCase):
    def test_a_filter_that_matches_nothing(self) -> None:
        for argv in ((WIRE,), (MPIEXEC, *RANKS, ENGINE)):
            with self.subTest(argv):
                code, said = refused(*argv, "--benchmark_filter=no_such_thing")
                self.assertNotEqual(code, 0)
                self.assertEqual(said.count("no_such_thing"), 1, said)

    def test_an_option_that_there_is_not(self) -> None:
        for argv in ((WIRE,), (MPIEXEC, *RANKS, ENGINE)):
            with self.subTest(argv):
                code, said = refused(*argv, "--no_such_option")
                self.assertEqual(code, 2)
                self.assertEqual(said.count("no_such_option"), 1, said)

    def test_bytes_without_a_number(self) -> None:
        for words, text in ((("--bytes", "5"), "takes its number as in --bytes=1073741824"),
                            (("--bytes=many",), "--bytes")):
            with self.subTest(words):
                code, said = refused(MPIEXEC, *RANKS, ENGINE, *words)
                self.assertEqual(code, 2)
                self.assertEqual(said.count(text), 1, said)


if __name__ == "__main__":
    del sys.argv[1:4]
    visible.main()
