#!/usr/bin/env python3
"""The directory at the target: gone at the end, whatever signal comes meanwhile."""

import os
import shutil
import signal
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import sample  # noqa: F401: the path to bench/
import visible
from measuring.scratch import Scratch

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class TheEnd(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.target = Path(directory.name)
        for number in SIGNALS:
            self.addCleanup(signal.signal, number, signal.signal(number, signal.default_int_handler))

    def test_no_signal_interrupts_the_removal(self) -> None:
        remove = shutil.rmtree

        def signalled(path: Path) -> None:
            for number in SIGNALS:
                os.kill(os.getpid(), number)
            remove(path)

        with mock.patch("measuring.scratch.shutil.rmtree", signalled), Scratch(self.target) as scratch:
            scratch.file("big", 1000)
        self.assertEqual(list(self.target.iterdir()), [])

    def test_signals_are_heard_again_afterwards(self) -> None:
        with Scratch(self.target):
            pass
        for number in SIGNALS:
            with self.subTest(number), self.assertRaises(KeyboardInterrupt):
                os.kill(os.getpid(), number)

    def test_they_are_heard_again_also_if_it_can_not_be_removed(self) -> None:
        with mock.patch("measuring.scratch.shutil.rmtree", side_effect=OSError("busy")), \
                self.assertRaisesRegex(OSError, "busy"), Scratch(self.target):
            pass
        for number in SIGNALS:
            self.assertIs(signal.getsignal(number), signal.default_int_handler)

    def test_the_sweeps_document_finds_what_a_kill_leaves(self) -> None:
        said = (Path(__file__).resolve().parents[2] / "docs/sweep.md").read_text()
        with Scratch(self.target) as scratch:
            shown = scratch.path.name.rpartition("-")[0] + "-*"
        self.assertIn(f"`ls -ld /dev/shm/{shown}`", said)


if __name__ == "__main__":
    visible.main()
