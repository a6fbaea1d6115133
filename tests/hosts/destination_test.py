"""Destinations that are not alike on all hosts."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from .lab import LOCAL, SHARED, Ended, Lab

MODE = 0o777


class ASource(Lab):
    def test_among_the_files_of_another_host_stays(self) -> None:
        folder = SHARED / "out" / "2"
        folder.mkdir(parents=True)
        self.source = folder / "chunk_1.bin"
        data = self.make_source(1 << 20)
        for word in ("--force", "--resume"):
            ended = self.run_job("scatter", word, "--chunk-size", "64K", str(self.source), f"{folder.parent}/{{rank}}")
            self.expect(2, ended)
            self.assertIn("would remove or replace its source", ended.output)
            self.assertEqual(1, ended.output.count("mpiferry: error:"), ended.output)
            self.assertEqual(data, self.source.read_bytes())


class ADestination(Lab):
    """Each host writes to its own disk; only that of h2, where rank 1 is, has something wrong."""

    def setUp(self) -> None:
        super().setUp()
        self.make_source(8 << 20)
        self.odd = self.cluster[1]

    def scatter(self, *words: str) -> Ended:
        return self.run_job("scatter", "--chunk-size", "64K", *words, str(self.source), self.out)

    def expect_refused(self, ended: Ended, error: int | None) -> None:
        self.expect(4, ended)
        self.assertIn("rank 1 (h2)", ended.output)
        if error is not None:
            self.assertIn(os.strerror(error), ended.output)
        self.assertEqual(1, ended.output.count("mpiferry: error:"), ended.output)
        self.assertEqual([], self.job_locks())

    def test_with_a_file_in_the_way_is_refused(self) -> None:
        self.odd.inside(Path(self.out)).write_text("the user's")
        self.expect_refused(self.scatter(), errno.ENOTDIR)
        self.assertEqual("the user's", self.odd.inside(Path(self.out)).read_text())

    def test_that_is_read_only_is_refused(self) -> None:
        self.odd.run("mount", "-o", "remount,ro", str(LOCAL))
        self.expect_refused(self.scatter(), errno.EROFS)

    def test_that_is_too_small_is_refused_before_the_first_chunk(self) -> None:
        self.odd.run("mount", "-o", "remount,size=2m", str(LOCAL))
        self.expect_refused(self.scatter(), errno.ENOSPC)
        self.assertEqual(0, self.chunks_on(self.cluster[2]))
        self.expect(0, self.scatter("-q", "--reroute", "--force"))
        self.expect_whole()

    def test_that_is_missing_is_named_by_gather_and_verify(self) -> None:
        self.expect(0, self.scatter("-q"))
        self.odd.run("rm", "-r", self.out)
        for command in (("verify", self.out), ("gather", self.out, str(SHARED / "copy"))):
            ended = self.run_job(*command)
            self.expect(5, ended)
            self.assertIn("missing", ended.output)
            self.assertFalse((SHARED / "copy").exists())

    def test_with_another_umask_has_files_of_that_umask(self) -> None:
        self.source.chmod(0o666)
        wrapper = SHARED / "umask"
        wrapper.write_text('#!/bin/sh\n[ "$(hostname)" = h2 ] && umask 077 || umask 022\nexec "$@"\n')
        wrapper.chmod(0o755)
        job = self.start("scatter", "-q", "--chunk-size", "64K", str(self.source), self.out, through=[str(wrapper)])
        self.expect(0, job.wait())
        for number, mode in ((1, 0o600), (2, 0o644)):
            chunk = next(self.cluster[number].inside(Path(self.out)).glob("chunk_*.bin"))
            self.assertEqual(mode, chunk.stat().st_mode & MODE, chunk)
        self.expect_whole()
