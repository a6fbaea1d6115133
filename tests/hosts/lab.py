"""What every test on several hosts has: a cluster of its own, and jobs on it that end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
import unittest
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .cluster import LOCAL, SHARED, Cluster, Host

CHUNK = 64 << 10
STALL = 2.0  # seconds, of the tests in which somebody stalls
AFTER = 5.0  # seconds that the last processes of a job may take to go when mpirun has ended

__all__ = ["CHUNK", "LOCAL", "SHARED", "STALL", "Ended", "Host", "Job", "Lab"]


class Ended(NamedTuple):
    status: int
    output: str
    seconds: float
    left: list[str]  # processes that were still there some seconds later; they have been killed


class Job:
    """One mpirun, with all that it starts on any host."""

    def __init__(self, cluster: Cluster, argv: Sequence[str]) -> None:
        self._cluster, self._argv = cluster, list(argv)
        self._began = time.monotonic()
        self._log = SHARED / "job.log"
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=subprocess.STDOUT, cwd="/")

    def running(self) -> bool:
        return self._process.poll() is None

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def pid_of(self, rank: int) -> int | None:
        for pid in self._cluster.processes():
            with contextlib.suppress(OSError):
                if f"PMI_RANK={rank}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    return pid
        return None

    def ranks(self) -> list[int]:
        """Returns the processes of the program itself, on all hosts."""
        found = []
        for pid in self._cluster.processes():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe").endswith("/mpiferry"):
                    found.append(pid)
        return found

    def interrupt(self) -> None:
        """Sends Ctrl-C to the launcher."""
        for pid in self._cluster[0].processes():
            with contextlib.suppress(OSError):
                if Path(os.readlink(f"/proc/{pid}/exe")).name.startswith(("mpirun", "mpiexec")):
                    os.kill(pid, signal.SIGINT)

    def hit(self, rank: int, number: int = signal.SIGKILL) -> None:
        pid = self.pid_of(rank)
        assert pid is not None, f"rank {rank} is not there"
        os.kill(pid, number)

    def wait(self, limit: float = 30.0, after: float = AFTER, but: Sequence[Host] = ()) -> Ended:
        """Its end. Fails if it has none within the limit. Processes on the hosts `but` may stay."""
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            there = "\n".join(self._there(()))
            self._cluster.clear()
            self._process.wait()
            raise AssertionError(f"no end after {limit} s\n{self._argv}\n{self.output()}\n{there}") from None
        seconds = time.monotonic() - self._began
        until = time.monotonic() + after
        while (left := self._there(but)) and time.monotonic() < until:
            time.sleep(0.02)
        if left:
            self._cluster.clear()
        return Ended(self._process.returncode, self.output(), seconds, left)

    def _there(self, but: Sequence[Host]) -> list[str]:
        found = []
        for host in self._cluster:
            for pid in host.processes() if host not in but else ():
                with contextlib.suppress(OSError):
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if words:  # a zombie has none
                        found.append(f"{host.name}: {pid} {words}")
        return found


class Lab(unittest.TestCase):
    """Three hosts, or as many as HOSTS says."""

    HOSTS = 3
    program: str  # set by `run`
    mpiexec: str

    def setUp(self) -> None:
        self.cluster = Cluster(self.HOSTS)
        shutil.copy(self.program, SHARED / "mpiferry")
        self.source = SHARED / "source"
        self.out = str(LOCAL / "out")  # on each host its own

    def make_source(self, size: int) -> bytes:
        data = os.urandom(size)
        self.source.write_bytes(data)
        return data

    def start(self, *words: str, ranks_per_host: int = 1, through: Sequence[str] = (),
              program: Path = SHARED / "mpiferry") -> Job:
        """Starts mpirun ... THROUGH mpiferry WORDS."""
        return Job(self.cluster, self.cluster.mpirun(self.mpiexec, self.HOSTS * ranks_per_host,
                                                     [*through, str(program), *words]))

    def run_job(self, *words: str, ranks_per_host: int = 1, limit: float = 30.0) -> Ended:
        return self.start(*words, ranks_per_host=ranks_per_host).wait(limit)

    def expect(self, status: int, ended: Ended) -> None:
        self.assertEqual(status, ended.status, ended.output)
        self.assertEqual([], ended.left, ended.output)

    def wait_until(self, condition, what: str, limit: float = 20.0) -> None:
        until = time.monotonic() + limit
        while not condition():
            self.assertLess(time.monotonic(), until, f"waited {limit} s: {what}")
            time.sleep(0.01)

    def slow_scatter(self, *words: str, seconds: float = 6.0, stall: float = STALL, **more) -> Job:
        """A scatter of 256 chunks to the hosts' own disks that takes so long; it has begun to write when this returns."""
        if not self.source.exists():
            self.make_source(256 * CHUNK)
        rounds = 256 / ((self.HOSTS * more.get("ranks_per_host", 1) - 1) * 4)
        job = self.start("scatter", "--chunk-size", str(CHUNK), "--window", "4", "--stall-timeout", str(stall),
                         "--fault", f"delay={int(seconds / rounds * 1e6)}", *words, str(self.source), self.out, **more)
        self.wait_until(lambda: self.chunks_on(self.cluster[-1]) > 3, "the first chunks")
        return job

    def chunks_on(self, host: Host) -> int:
        folder = host.inside(Path(self.out))
        return len(list(folder.glob("chunk_*.bin"))) if folder.exists() else 0

    def job_locks(self) -> list[str]:
        """Where a job lock lies."""
        return [host.name for host, folder in self.directories() if (folder / ".mpiferry.job").exists()]

    def expect_whole(self, *words: str, ranks_per_host: int = 1) -> None:
        """verify finds every chunk, and gather brings the source back."""
        self.expect(0, self.run_job("verify", "-q", *words, self.out, "--against", str(self.source),
                                    ranks_per_host=ranks_per_host))
        copy = SHARED / "copy"
        self.expect(0, self.run_job("gather", "-q", *words, "--force", self.out, str(copy),
                                    ranks_per_host=ranks_per_host))
        self.assertEqual(self.source.read_bytes(), copy.read_bytes())

    def expect_resumed(self, *words: str) -> None:
        """The job goes on with what is there, and then is whole."""
        self.expect(0, self.run_job("scatter", "-q", "--chunk-size", str(CHUNK), "--resume", *words, str(self.source),
                                    self.out))
        self.expect_whole()

    def directories(self) -> Iterator[tuple[Host, Path]]:
        """DEST on every host, as it is seen from here."""
        for host in self.cluster:
            yield host, host.inside(Path(self.out))
