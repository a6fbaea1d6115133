"""Networks that lose packets and connections."""

from __future__ import annotations

import shutil

from .lab import STALL, Lab


class ANetwork(Lab):
    def test_that_loses_every_tenth_packet_loses_no_byte(self) -> None:
        if shutil.which("nft") is None:
            self.skipTest("there is no nft (package nftables)")
        self.make_source(2 << 20)
        for host in self.cluster:
            host.lose(10)
        self.expect(0, self.run_job("scatter", "-q", "--chunk-size", "64K", str(self.source), self.out, limit=90))
        for host in self.cluster:
            host.lose_nothing()
        self.expect_whole()

    def test_that_resets_connections_ends_the_job_with_the_name_of_a_host(self) -> None:
        job = self.slow_scatter()
        self.cluster[1].reset_connections("mpiferry")
        ended = job.wait(2 * STALL + 5)
        self.assertEqual(6, ended.status, ended.output)
        self.assertIn("(h2)", ended.output)
        self.assertNotIn("please report", ended.output)
        self.assertEqual([], ended.left)
        self.expect_resumed()
