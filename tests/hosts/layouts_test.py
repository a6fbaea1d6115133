"""What users do on several hosts, one thing after the other, in each layout."""

from __future__ import annotations

import json
from pathlib import Path

from .lab import SHARED, Lab

PLACES = {"chunks": "/mnt/out", "stripes": "/mnt/{host}/{rank}", "file": str(SHARED / "out")}


class SeveralHosts(Lab):
    def test_scatter_chunks(self) -> None:
        self.scatter_damage_and_mend("chunks", 1)

    def test_scatter_stripes_with_two_ranks_each(self) -> None:
        self.scatter_damage_and_mend("stripes", 2)

    def test_scatter_one_file_with_two_ranks_each(self) -> None:
        self.scatter_damage_and_mend("file", 2)

    def scatter_damage_and_mend(self, layout: str, ranks: int) -> None:
        self.out = PLACES[layout]
        self.make_source((5 << 20) + 3)
        words = ["scatter", "-q", "--chunk-size", "64K", "--layout", layout]
        self.expect(0, self.run_job(*words, str(self.source), self.out, ranks_per_host=ranks))
        self.expect_whole(ranks_per_host=ranks)
        self.damage(layout)
        found = self.run_job("verify", self.out, ranks_per_host=ranks)
        self.expect(5, found)
        self.assertIn("damaged", found.output)
        report = SHARED / "report.json"
        self.expect(0, self.run_job(*words, "--resume", "--json", str(report), str(self.source), self.out,
                                    ranks_per_host=ranks))
        self.assertEqual(1, json.loads(report.read_text())["chunks_sent"])
        self.expect_whole(ranks_per_host=ranks)

    def damage(self, layout: str) -> None:
        pattern = {"chunks": "out/chunk_*.bin", "stripes": "h2/*/stripe_*.bin", "file": "out/file.bin"}[layout]
        folder = SHARED if layout == "file" else self.cluster[1].inside(Path("/mnt"))
        with open(sorted(folder.glob(pattern))[0], "r+b") as file:
            first = file.read(1)[0]
            file.seek(0)
            file.write(bytes([first ^ 1]))

    def test_tune(self) -> None:
        folder = SHARED / "sources"
        folder.mkdir()
        profile = SHARED / "profile.json"
        ended = self.run_job("tune", "--quiet", "--size", "8M", "--chunks", "64K,1M", "--profile", str(profile),
                             str(folder), self.out, limit=60)
        self.expect(0, ended)
        self.assertIn("chunk_size", json.loads(profile.read_text()))
