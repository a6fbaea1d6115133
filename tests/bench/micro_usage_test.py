#!/usr/bin/env python3
"""The micro-benchmarks report bad options once, whatever the number of ranks, and do not exit with 0.

micro_usage_test.py MPIEXEC BENCH_WIRE BENCH_ENGINE
"""

import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import visible  # noqa: E402

MPIEXEC, WIRE, ENGINE = sys.argv[1:4]
ON_RANKS = (MPIEXEC, "-n", "3", ENGINE)


class Refused(unittest.TestCase):
    def code_when_said_once(self, text: str, *argv: str) -> int:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        said = done.stdout + done.stderr
        self.assertEqual(said.count(text), 1, said)
        return done.returncode

    def test_what_both_do_not_know(self) -> None:
        for program in ((WIRE,), ON_RANKS):
            with self.subTest(program):
                self.assertNotEqual(self.code_when_said_once("no_such_thing", *program,
                                                             "--benchmark_filter=no_such_thing"), 0)
                self.assertEqual(self.code_when_said_once("no_such_option", *program, "--no_such_option"), 2)

    def test_what_would_measure_or_show_nothing(self) -> None:
        for program in ((WIRE,), ON_RANKS):
            for option, text in (("--benchmark_repetitions=0", "--benchmark_repetitions"),
                                 ("--benchmark_format=xml", "'xml' is none of console, json, csv"),
                                 ("--benchmark_out_format=xml", "'xml' is none of console, json, csv")):
                with self.subTest(program=program, option=option):
                    self.assertEqual(self.code_when_said_once(text, *program, option), 2)

    def test_a_full_standard_output(self) -> None:  # on ranks it is mpirun that writes there
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run((WIRE, "--benchmark_list_tests"), stdin=subprocess.DEVNULL, stdout=full, timeout=20,
                                  check=False)
        self.assertEqual(done.returncode, 1)

    def test_bytes_without_a_number(self) -> None:
        for words, text in ((("--bytes", "5"), "takes its number as in --bytes=1073741824"),
                            (("--bytes=many",), "--bytes")):
            with self.subTest(words):
                self.assertEqual(self.code_when_said_once(text, *ON_RANKS, *words), 2)


if __name__ == "__main__":
    del sys.argv[1:4]
    visible.main()
