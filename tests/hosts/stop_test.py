"""Hosts and ranks that stop, go on, or die."""

from __future__ import annotations

import signal
import time

from .lab import STALL, Lab


class AStoppedHost(Lab):
    def test_that_goes_on_in_time_is_waited_for(self) -> None:
        for host in (self.cluster[2], self.cluster[0]):
            with self.subTest(host=host.name):
                job = self.slow_scatter("-q", "--force", stall=20, seconds=3)
                host.signal(signal.SIGSTOP)
                time.sleep(2)
                host.signal(signal.SIGCONT)
                self.expect(0, job.wait(60))
        self.expect_whole()

    def test_that_goes_on_too_late_ends_the_job_and_leaves(self) -> None:
        job, host = self.slow_scatter(), self.cluster[2]
        host.signal(signal.SIGSTOP)
        ended = job.wait(STALL + 5, but=[host])
        self.expect(6, ended)
        self.assertIn("rank 2 (h3)", ended.output)
        host.signal(signal.SIGCONT)
        self.wait_until(lambda: not self.cluster.processes(), "the host's processes leave")
        self.expect_resumed()

    def test_of_the_master_for_too_long_is_given_up_by_the_workers(self) -> None:
        job = self.slow_scatter()
        job.hit(0, signal.SIGSTOP)
        ended = job.wait(2 * STALL + 5)
        self.assertIn("rank 0 (h1): no sign of life for", ended.output)
        self.assertEqual(6, ended.status, ended.output)
        self.assertEqual(1, ended.output.count("mpiferry: error:"), ended.output)
        self.expect_resumed()


class ADeadRank(Lab):
    def test_on_another_host_ends_the_job_and_nothing_is_lost(self) -> None:
        job = self.slow_scatter()
        job.hit(2)
        ended = job.wait(20)
        self.assertNotEqual(0, ended.status)
        self.assertEqual([], ended.left)
        self.expect_resumed()

    def test_and_all_else_on_its_host_ends_the_job_and_nothing_is_lost(self) -> None:
        job, host = self.slow_scatter(), self.cluster[1]
        host.die()
        ended = job.wait(STALL + 5)
        self.assertNotEqual(0, ended.status)
        self.assertEqual([], ended.left)
        self.cluster.heal(host)
        self.expect_resumed()

    def test_with_two_on_each_host_ends_the_job_and_nothing_is_lost(self) -> None:
        job = self.slow_scatter(ranks_per_host=2)
        job.hit(3)
        ended = job.wait(20)
        self.assertNotEqual(0, ended.status)
        self.assertEqual([], ended.left)
        self.expect(0, self.run_job("scatter", "-q", "--chunk-size", "64K", "--resume", str(self.source), self.out,
                                    ranks_per_host=2))
        self.expect_whole(ranks_per_host=2)
