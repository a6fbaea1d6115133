"""One command with all that it starts: who they are, what hits them, and that they end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

MARK = "TORTURED_BY"  # an environment variable that all of a step's processes inherit
AFTER = 15.0  # seconds that ranks may outlive their mpirun
SOON = 15.0  # seconds in which a job ends that was told to
_BROKE_DOWN = b"unable to send signal downstream"  # an mpirun that was interrupted before all its proxies were there


class Hang(Exception):
    """Says the command, for how long it was waited, and who was still there."""


def _environment(mark: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MPIFERRY_")}
    return {**kept, "XDG_CONFIG_HOME": os.devnull, MARK: mark}  # no profile lies below it


class Process:
    def __init__(self, argv: Sequence[str], output: Path, limit: float) -> None:
        self.argv, self.output, self._limit = list(argv), output, limit
        self._mark = secrets.token_hex(16)
        self.began = time.monotonic()
        with open(output, "wb") as out:
            self._process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                             env=_environment(self._mark), start_new_session=True)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def running(self) -> bool:
        return self._process.poll() is None

    def hit(self, number: int, rank: int | None = None) -> bool:
        """Signals this rank, or the launcher. False if it is not there (yet, or any more)."""
        if rank is None:
            if not self.running():
                return False
            self._process.send_signal(number)
            return True
        wanted = f"PMI_RANK={rank}".encode()
        return any(self._signal(pid, number, wanted) for pid in self._members())

    def pid_of(self, rank: int) -> int | None:
        wanted = f"PMI_RANK={rank}".encode()
        return next((pid for pid in self._members() if self._is_mine(pid, wanted)), None)

    def ends_soon(self, seconds: float = SOON) -> None:
        """From now on it has only so long: what has been hit has nothing more to do."""
        self._limit = min(self._limit, time.monotonic() - self.began + seconds)

    def wait(self, without_ranks: Callable[[], None] = lambda: None) -> int:
        """The launcher's status, when all have ended. Raises Hang, and then they have been killed. Calls `without_ranks`
        while the launcher waits and no rank is there."""
        while (status := self._process.poll()) is None:
            if time.monotonic() > self.began + self._limit:
                raise self._hang(f"had not ended after {self._limit:.1f} s")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
                continue
            if not (ranks := [pid for pid in self._members() if self._is_mine(pid, starts=b"PMI_RANK=")]):
                without_ranks()
            self._let_the_last_go(ranks)
        until = time.monotonic() + min(AFTER, self._limit)
        while any(not self._is_spare(pid, status) for pid in self._members()):
            if time.monotonic() > until:
                raise self._hang(f"left processes behind, for more than {min(AFTER, self._limit):.0f} s")
            time.sleep(0.01)
        return status

    def _let_the_last_go(self, ranks: Sequence[int]) -> None:
        """Ranks that were stopped when rank 0 had ended already: nobody is left who could give them up, and the launcher
        waits for them. So they may go on."""
        if any(self._state(pid) != "T" or self._is_mine(pid, b"PMI_RANK=0") for pid in ranks):
            return
        for pid in ranks:
            self._signal(pid, signal.SIGCONT)

    def _is_spare(self, pid: int, status: int) -> bool:
        """A proxy of hydra's whose mpirun was killed, or broke down at a signal that it could not pass on. Without any
        rank, too, 5 of 150 stay for ever when that happens while they start on three hosts; what counts is that no rank
        does."""
        with contextlib.suppress(OSError):
            return (Path(f"/proc/{pid}/comm").read_text() == "hydra_pmi_proxy\n"
                    and (status == -signal.SIGKILL or _BROKE_DOWN in self.output.read_bytes()))
        return False

    @staticmethod
    def _state(pid: int) -> str:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return ""

    def end(self) -> None:
        """Kills what is left of it: those who have the mark, and nobody else."""
        while members := self._members():
            for pid in members:
                self._signal(pid, signal.SIGKILL)
            self._process.poll()
            time.sleep(0.01)
        self._process.wait()

    def _hang(self, what: str) -> Hang:
        there = []
        for pid in self._members():
            with contextlib.suppress(OSError):
                state = self._state(pid)
                words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                waits = Path(f"/proc/{pid}/wchan").read_text()
                there.append(f"  {pid} {state} {waits} {words}")
        self.end()
        return Hang("\n".join([f"{shlex.join(self.argv)}\n{what}; these were there:", *there]))

    def _members(self) -> list[int]:
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and self._is_mine(int(entry))]

    def _is_mine(self, pid: int, also: bytes | None = None, starts: bytes = b"") -> bool:
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")  # a zombie has none
        except OSError:
            return False
        return f"{MARK}={self._mark}".encode() in variables and (
            also is None or also in variables) and any(variable.startswith(starts) for variable in variables)

    def _signal(self, pid: int, number: int, also: bytes | None = None) -> bool:
        """Through a descriptor that is opened before it is looked who it is: the number cannot become another's."""
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            if not self._is_mine(pid, also):
                return False
            signal.pidfd_send_signal(descriptor, number)
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
