#!/usr/bin/env python3
"""The directory at the target is gone at the end, whatever signal comes; Ctrl-C before that leaves nothing either."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import visible
from tree import BENCH

from mpiferry_bench.entry import answer_ctrl_c, settle_signals
from mpiferry_bench.measuring.scratch import FORGOTTEN, Scratch

INTERRUPT = """
import os, signal, sys
class CtrlC:
    def find_spec(self, name, *_):
        if name.startswith("mpiferry_bench.") and name != "mpiferry_bench.entry":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
"""

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

        with mock.patch("mpiferry_bench.measuring.scratch.shutil.rmtree", signalled), Scratch(self.target) as scratch:
            scratch.file("big", 1000)
        self.assertEqual(list(self.target.iterdir()), [])

    def test_signals_are_heard_again_afterwards(self) -> None:
        with Scratch(self.target):
            pass
        for number in SIGNALS:
            with self.subTest(number), self.assertRaises(KeyboardInterrupt):
                os.kill(os.getpid(), number)

    def test_they_are_heard_again_also_if_it_cannot_be_removed(self) -> None:
        with mock.patch("mpiferry_bench.measuring.scratch.shutil.rmtree", side_effect=OSError("busy")), \
                self.assertRaisesRegex(OSError, "busy"), Scratch(self.target):
            pass
        for number in SIGNALS:
            self.assertIs(signal.getsignal(number), signal.default_int_handler)

    def test_the_sweeps_document_finds_what_a_kill_leaves(self) -> None:
        said = (Path(__file__).resolve().parents[2] / "docs/guide/sweep.md").read_text()
        with Scratch(self.target) as scratch:
            shown = scratch.path.name.rpartition("-")[0] + "-*"
        self.assertIn(f"`ls -ld /dev/shm/{shown}`", said)


class Destinations(unittest.TestCase):
    """One after the other, with a file that the run before has written."""

    def left_of(self, kind: str) -> "list[os.stat_result]":
        with tempfile.TemporaryDirectory() as target, \
                mock.patch("mpiferry_bench.measuring.scratch.file_system", return_value=kind), Scratch(Path(target)) as scratch:
            for name in ("chunk_0.bin", "chunk_1.bin"):
                destination = scratch.destination()
                self.assertEqual(list(destination.iterdir()), [])
                (destination / name).write_bytes(b"payload")
            scratch.destination()
            return [path.stat() for path in scratch.path.rglob("chunk_*")]

    def test_elsewhere_they_are_deleted(self) -> None:
        for kind in ("tmpfs", "xfs"):
            self.assertEqual(self.left_of(kind), [])

    def test_on_ext4_files_are_emptied_and_kept(self) -> None:
        self.assertEqual([status.st_size for status in self.left_of("ext4")], [0, 0])

    def test_on_ext4_too_many_are_deleted_and_forgotten(self) -> None:
        with mock.patch("mpiferry_bench.measuring.scratch.MOST_KEPT", 1), mock.patch("mpiferry_bench.measuring.scratch.time.sleep") as sleep:
            self.assertEqual(self.left_of("ext4"), [])
        sleep.assert_called_once_with(FORGOTTEN)

    def test_on_ext4_a_run_that_wrote_nothing_is_set_aside_too(self) -> None:
        with tempfile.TemporaryDirectory() as target, \
                mock.patch("mpiferry_bench.measuring.scratch.file_system", return_value="ext4"), Scratch(Path(target)) as scratch:
            (scratch.destination() / "chunk_0.bin").write_bytes(b"payload")
            for _ in range(3):
                self.assertEqual(list(scratch.destination().iterdir()), [])

    def test_what_a_link_points_to_stays_as_it_is(self) -> None:
        with tempfile.TemporaryDirectory() as target, tempfile.NamedTemporaryFile() as other, \
                mock.patch("mpiferry_bench.measuring.scratch.file_system", return_value="ext4"), Scratch(Path(target)) as scratch:
            other.write(b"bytes")
            other.flush()
            (scratch.destination() / "link").symlink_to(other.name)
            scratch.destination()
            self.assertEqual(Path(other.name).read_bytes(), b"bytes")


class Early(unittest.TestCase):
    """Ctrl-C before there is anyone to answer it."""

    def setUp(self) -> None:
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))

    def test_it_ends_the_program_until_it_is_answered(self) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        settle_signals()
        self.assertIs(signal.getsignal(signal.SIGINT), signal.SIG_DFL)
        answer_ctrl_c()
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_the_warning_of_a_batch_system_is_ignored(self) -> None:
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.getsignal(signal.SIGUSR1))
        settle_signals()
        self.assertIs(signal.getsignal(signal.SIGUSR1), signal.SIG_IGN)

    def test_it_stays_ignored(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        settle_signals()
        answer_ctrl_c()
        self.assertIs(signal.getsignal(signal.SIGINT), signal.SIG_IGN)

    def test_every_script_ends_without_a_traceback_while_it_loads(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "sitecustomize.py").write_text(INTERRUPT)
            for script in ("compare", "regress", "sweep", "transfer"):
                with self.subTest(script):
                    ended = subprocess.run([sys.executable, BENCH / script, "--help"], capture_output=True, check=False,
                                           env={**os.environ, "PYTHONPATH": directory}, text=True,
                                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
                    self.assertEqual((ended.returncode, ended.stderr, ended.stdout), (-signal.SIGINT, "", ""))


if __name__ == "__main__":
    visible.main()
