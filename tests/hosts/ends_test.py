"""Every job ends, on any number of hosts, and mpirun returns the status of the table."""

from __future__ import annotations

import os

from .lab import SHARED, Lab

# So many scatters run, and so many of each other kind. ./dev hosts --jobs 100 is the whole measurement.
JOBS = int(os.environ.get("MPIFERRY_HOSTS_JOBS", "10"))
OTHERS = -(-3 * JOBS // 10)


class Ends(Lab):
    THROUGH: tuple[str, ...] = ()

    def every_kind_of_job(self, ranks: int) -> None:
        self.make_source(1 << 20)
        source, out = str(self.source), str(SHARED / "out")
        for number in range(JOBS):
            self.one(ranks, 0, "scatter", source, f"{out}{number}")
        for number in range(OTHERS):
            self.one(ranks, 0, "gather", f"{out}0", str(SHARED / f"copy{number}"))
            self.one(ranks, 0, "verify", f"{out}0", "--against", source)
            self.one(ranks, 2, "scatter", "--window", "0", source, f"{out}x")
            self.one(ranks, 4, "scatter", source, f"{out}0")

    def one(self, ranks: int, status: int, command: str, *words: str) -> None:
        ended = self.start(command, "--quiet", *words, ranks_per_host=ranks, through=self.THROUGH).wait()
        self.expect(status, ended)
        # A failure has one error, from one rank; a success that is to be quiet has no word.
        errors = [line for line in ended.output.splitlines() if line.startswith("mpiferry: error:")]
        self.assertEqual(1 if status else 0, len(errors), ended.output)
        if not status:
            self.assertEqual("", ended.output)


class EndsOn3Hosts(Ends):
    def test_with_one_rank_each(self) -> None:
        self.every_kind_of_job(1)

    def test_with_two_ranks_each(self) -> None:
        self.every_kind_of_job(2)


class EndsOnOneHostOverTcp(Ends):
    """One without shared memory, or where it is switched off."""

    HOSTS = 1
    THROUGH = ("env", "UCX_TLS=tcp,self", "UCX_NET_DEVICES=lo")

    def test_with_three_ranks(self) -> None:
        self.every_kind_of_job(3)


class EndsOnHostsOfOneName(Lab):
    """Machines that are set up alike are all called localhost; MPI_Finalize over TCP hangs on them as on others."""

    def test_with_one_rank_each(self) -> None:
        self.make_source(1 << 20)
        for host in self.cluster:
            host.run("hostname", "localhost")
        usual = ["env", "-u", "UCX_TLS"]  # else that alone says that no rank shares memory
        for number in range(JOBS):
            job = self.start("scatter", "--quiet", str(self.source), f"{SHARED}/out{number}", through=usual)
            self.expect(0, job.wait(20))


class EndsOn5Hosts(EndsOn3Hosts):
    HOSTS = 5
