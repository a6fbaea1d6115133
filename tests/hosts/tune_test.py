"""mpiferry tune and a host that the network loses outside of its jobs."""

from __future__ import annotations

from .lab import LOCAL, SHARED, Lab

# In tune rank 0 waits so long for the others, and they wait half as long again for it.
LIMIT = 60


class ATune(Lab):
    def test_whose_host_is_cut_off_while_the_sample_is_made_is_left_by_all(self) -> None:
        (SHARED / "sources").mkdir()
        lost, words = self.cluster[2], LOCAL / "words"
        noted = ["sh", "-c", f'exec "$@" 2>>{words}', "sh"]  # what is said behind the cut stays there
        job = self.start("tune", "--size", "2G", "--profile", "none", str(SHARED / "sources"), self.out, through=noted)
        self.wait_until(lambda: list((SHARED / "sources").iterdir()), "the sample is begun")
        lost.cut()
        ended = job.wait(LIMIT + 10, but=[lost])
        self.expect(6, ended)
        said = self.cluster[0].inside(words).read_text()
        self.assertIn("rank 2: did not reach the barrier while the sample is made", said)
        self.wait_until(lambda: not job.ranks(), "the rank behind the cut leaves", LIMIT / 2 + 10)
        self.assertEqual(1, lost.inside(words).read_text().count("rank 0: did not reach the barrier"))
        self.assertEqual([], list((SHARED / "sources").iterdir()))
