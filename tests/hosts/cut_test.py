"""Hosts that the network has lost, for a while or for ever."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from .lab import CHUNK, SHARED, STALL, Lab

SLACK = 1.5  # seconds, on a busy machine


class ACutOffHost(Lab):
    def test_of_a_worker_is_named_and_left_by_its_rank(self) -> None:
        job, lost = self.slow_scatter(), self.cluster[2]
        lost.cut()
        began = time.monotonic()
        ended = job.wait(STALL + 5, but=[lost])
        self.expect(6, ended)
        self.assertIn("rank 2 (h3)", ended.output)
        self.assertIn("unacknowledged, last answer", ended.output)
        self.assertEqual(1, ended.output.count("mpiferry: error:"), ended.output)
        self.wait_until(lambda: not job.ranks(), "the rank behind the cut leaves", 2 * STALL + SLACK)
        self.assertLess(time.monotonic() - began, 2 * STALL + SLACK)
        self.assertNotIn("h3", self.job_locks())
        self.assertEqual([], list(lost.inside(Path(self.out)).glob("*.part")))
        self.cluster.heal(lost)
        self.expect_resumed()

    def test_keeps_others_off_what_its_rank_still_writes(self) -> None:
        job, lost = self.slow_scatter(), self.cluster[2]
        rank = job.pid_of(2)
        lost.cut()
        lost.signal(signal.SIGSTOP)  # hydra's proxy would kill the rank as soon as it hears of the end
        self.expect(6, job.wait(STALL + 5, but=[lost]))
        self.cluster.heal(lost)
        for word in ("--resume", "--force"):
            refused = self.start("scatter", "--chunk-size", str(CHUNK), word, str(self.source), self.out).wait(but=[lost], after=0)
            self.assertEqual(4, refused.status, refused.output)
            self.assertIn(f"rank 2, pid {rank} on h3, which still runs", refused.output)
            self.assertEqual(1, refused.output.count("mpiferry: error:"), refused.output)
        lost.signal(signal.SIGCONT)
        self.wait_until(lambda: not job.ranks(), "the rank behind the cut leaves")
        self.expect_resumed()

    def test_of_the_master_is_told_with_every_worker(self) -> None:
        job = self.slow_scatter()
        self.cluster[0].cut()
        ended = job.wait(STALL + 5, but=self.cluster.hosts[1:])
        self.expect(6, ended)
        for name in ("(h2)", "(h3)", "the network between h1 and those hosts"):
            self.assertIn(name, ended.output)
        self.wait_until(lambda: not job.ranks(), "all ranks leave", 2 * STALL + SLACK)
        self.assertEqual([], self.job_locks())
        self.cluster.heal(self.cluster[0])
        self.expect_resumed()

    def test_is_waited_for_when_it_comes_back_in_time(self) -> None:
        job = self.slow_scatter("-q", stall=20)
        self.cluster[1].cut()
        time.sleep(5)
        self.cluster.heal(self.cluster[1])
        self.expect(0, job.wait(60))
        self.expect_whole()

    def test_of_the_master_is_waited_for_when_it_comes_back_in_time(self) -> None:
        job = self.slow_scatter("-q", stall=20)
        self.cluster[0].cut()
        time.sleep(3)
        self.cluster.heal(self.cluster[0])
        self.expect(0, job.wait(60))
        self.expect_whole()

    def test_ends_a_gather_and_a_verify(self) -> None:
        self.make_source(16 << 20)
        self.expect(0, self.run_job("scatter", "-q", "--chunk-size", "64K", str(self.source), self.out))
        for command in (["gather", self.out, str(SHARED / "copy")], ["verify", self.out]):
            job = self.start(command[0], "--stall-timeout", str(STALL), "--fault", "delay=50000", *command[1:])
            self.wait_until(lambda job=job: len(job.ranks()) == 3, "three ranks")
            time.sleep(0.5)
            self.cluster[1].cut()
            ended = job.wait(STALL + 5, but=[self.cluster[1]])
            self.expect(6, ended)
            self.assertIn("rank 1 (h2)", ended.output)
            self.wait_until(lambda job=job: not job.ranks(), "the rank behind the cut leaves", 2 * STALL + SLACK)
            self.cluster.heal(self.cluster[1])
            self.assertFalse((SHARED / "copy").exists())
            self.wait_until(lambda: not self.cluster.processes(), "the launcher leaves", 60)
        self.expect_whole()
