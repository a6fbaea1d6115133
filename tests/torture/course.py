"""One job is scattered, hit, resumed until it is done, and judged."""

from __future__ import annotations

import errno
import json
import os
import random
import shlex
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from hosts.cluster import Host

from .account import Before, audit, audit_blow
from .destination import Destination
from .finding import FAILED, HANG, LOST, WRONG, Finding
from .pace import EARLY, LATE, MID, Pace
from .plan import CUT, FOR_EVER, HARMLESS, INTERRUPT, KILL_MPIRUN, KILL_RANK, PAUSE, UNPLUG, Blow, Plan
from .process import Hang, Process
from .small_disk import SmallDisk
from .source import Source
from .tally import Tally
from .tools import SHORT_STALL, STALL, Tools
from .trace import Trace, read

_SPARE = 256 << 10  # bytes of a small disk that are not for chunks


class Broken(Exception):
    """What came before makes what would follow meaningless."""


class Course:
    """Everything is in `directory`, which must be empty. What it finds is in `findings`."""

    def __init__(self, plan: Plan, tools: Tools, directory: Path, tally: Tally, pace: Pace, limit: float) -> None:
        self.plan, self.findings, self.commands = plan, [], []
        self._tools, self._directory, self._tally, self._pace, self._limit = tools, directory, tally, pace, limit
        self._source = Source(directory, plan.size, random.Random(plan.number))
        self._place = self._destination(plan.ranks)
        self._report = directory / "report.json"
        self._disk: SmallDisk | None = None
        self._worker_counts = [plan.workers]
        self._moved = False
        self._cut: Host | None = None  # until the job has ended

    def run(self) -> None:
        self._tally["jobs"] += 1
        self._tally["streams"] += self.plan.stream
        self._tally["hosts"] += self.plan.hosts
        try:
            if self.plan.full:
                self._mount()
            self._scatter()
            self._judge()
            if self.plan.rot is not None:
                self._let_rot(self.plan.rot)
            self._gather()
        except Hang as hang:
            self._find([Finding(HANG, str(hang))])
        except Broken:
            pass
        finally:
            if self._disk:
                self._disk.remove()

    # The steps below run the job, its blows and its resumes.

    def _scatter(self) -> None:
        plan, before = self.plan, None
        for step, blow in enumerate(plan.blows):
            if step > 0 and self._change(plan.changes[step]):
                before = None
            before = self._blow(step, blow, before)
        if self._change(plan.changes[0]):
            before = None
        if self._disk and plan.full == "enlarge":
            self._disk.enlarge()
        if plan.ranks_at_last != plan.ranks:
            self._place = self._destination(plan.ranks_at_last)
            self._worker_counts.append(plan.ranks_at_last - 1)
        self._finish(before)

    def _blow(self, step: int, blow: Blow, before: Before | None) -> Before | None:
        """Returns what it left, if there was no end of its own."""
        resume = step > 0
        whole_before = self._place.whole(self._source.data) if resume else set()
        name = f"step{step}.log"
        old = self._job_lock()  # a job that was killed leaves its own
        stall = SHORT_STALL if blow.kind in FOR_EVER else STALL
        status = self._step(name, self._command(resume, stall, self.plan.delay(len(self._source.data))), blow,
                            lambda: self._job_lock() not in (None, old))
        trace = read(self._directory / name)
        if not (self.plan.full == "reroute" and self.plan.layout == "stripes"):  # that has holes where chunks were
            self._find(self._place.torn(self._source.versions, self._worker_counts))
        report = self._read_report()
        done = report is not None and report["exit_code"] == 0
        if report is not None:
            self._tally["corrupt"] += report["chunks_corrupt"]
            self._moved |= report["chunks_moved"] > 0
            if report["exit_code"] == 4 and self.plan.full:
                self._tally["full: enlarge"] += 1
        if done and self._place.manifest.exists():
            self._find(self._place.compare(self._source.data))
        if blow.kind in HARMLESS and blow.moment >= 0 and self.plan.full != "enlarge" and status != 0:
            self._fail(f"status {status} after {blow.kind} for {blow.seconds:.1f} s")
        if resume and done:
            self._audit(before, report)
        whole = self._place.whole(self._source.data)
        self._place_hit(blow, len(whole - whole_before), len(whole), done)
        left = self._before(trace, whole, first=not resume)
        if not done:
            self._find(audit_blow(left))
            self._tally["again"] += len(trace.sent - whole)
        return left

    def _finish(self, before: Before | None) -> None:
        """Runs the resume that nobody hits."""
        if before is None or self.plan.ranks_at_last != self.plan.ranks:
            before = self._before(Trace(frozenset(), frozenset()), self._place.whole(self._source.data), first=False)
        command = self._command(True, STALL, 0)
        status = self._step("resume.log", command)
        if status == 4 and self._disk and self._has_no_space_for_sums():
            self._disk.enlarge()
            status = self._step("resume_with_space.log", command)
        self._must(0, status, "the resume")
        report = self._read_report()
        if report is None:
            self._fail("the resume wrote no report")
            raise Broken
        self._audit(before, report)

    def _has_no_space_for_sums(self) -> bool:
        """--reroute moves chunks; what a worker says about its own needs some bytes on its own disk."""
        error = (self._read_report() or {}).get("error", {})
        return error.get("errno") == errno.ENOSPC and Path(error.get("path", "")).name.startswith("XXH3SUMS")

    def _audit(self, before: Before | None, report: dict) -> None:
        kept, sent = report["chunks_kept"], report["chunks_sent"]
        self._tally["resumes"] += 1
        self._tally["kept"] += kept
        self._tally["sent"] += sent
        self._tally["moved"] += report["chunks_moved"]
        self._moved |= report["chunks_moved"] > 0
        if self.plan.full == "reroute" and report["chunks_moved"]:
            self._tally["full: reroute"] += 1
        if before is not None:
            self._find(audit(before, kept, sent, report["chunks"]))

    def _before(self, trace: Trace, whole: Iterable[int], first: bool) -> Before:
        whole = frozenset(whole)
        return Before(trace=trace, whole=whole, flight=self.plan.window * self._place.workers,
                      holes=self._place.holes(set(whole)), window=self.plan.window, first=first,
                      exact=self.plan.full is None and not self._moved, stream=self.plan.stream)

    # What is asked of the result.

    def _judge(self) -> None:
        ranks = self._place.workers + 1
        status = self._step("verify.log", self._tools.verify(ranks, self._place.argument, self._source.file,
                                                             self._report))
        self._must(0, status, "verify", LOST)
        self._tally["verified"] += 1
        self._find(self._place.compare(self._source.data))
        self._tally["compared"] += 1

    def _let_rot(self, where: float) -> None:
        """A byte is turned over: verify must say so, and a resume sends that one chunk."""
        files = sorted(path for path in self._place.root.rglob("*.bin") if path.stat().st_size)
        if not files or self._moved:
            return
        path = files[int(where * len(files))]
        at = int(where * path.stat().st_size)
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 0x10]))
        self.commands.append(f"# byte {at} of {path} is turned over")
        ranks = self._place.workers + 1
        verify = self._tools.verify(ranks, self._place.argument, self._source.file, self._report)
        self._must(5, self._step("rotten.log", verify), "verify of a file with a wrong byte", WRONG)
        self._must(0, self._step("mend.log", self._command(True, STALL, 0)), "the resume after it")
        report = self._read_report()
        if report is None or report["chunks_sent"] != 1:
            self._fail(f"a wrong byte, and the resume sent {report and report['chunks_sent']} chunks")
        self._judge()
        self._tally["rot"] += 1

    def _gather(self) -> None:
        ranks, copy, blow = self._place.workers + 1, self._directory / "copy", self.plan.gather_blow
        if blow is not None and blow.rank < ranks:
            options = ["--stall-timeout", SHORT_STALL if blow.kind in FOR_EVER else STALL, "--fault",
                       f"delay={self.plan.delay(len(self._source.data))}", "--window", str(self.plan.window)]
            self._step("gather_hit.log", self._tools.gather(ranks, options, self._place.argument, copy), blow,
                       lambda: any("copy" in path.name for path in self._directory.iterdir()))
            self._tally["gather: hit"] += 1
            if copy.exists():
                self._compare_copy(copy)
                copy.unlink()
        options = ["--stall-timeout", STALL] + (["--fsync"] if self.plan.fsync else [])
        self._must(0, self._step("gather.log", self._tools.gather(ranks, options, self._place.argument, copy)),
                   "gather", LOST)
        self._compare_copy(copy)
        self._tally["gathered"] += 1

    def _compare_copy(self, copy: Path) -> None:
        found = copy.read_bytes()
        if found != self._source.data:
            self._find([Finding(LOST if len(found) < len(self._source.data) else WRONG,
                                f"{copy}: is not the source, after gather")])

    # Steps.

    def _step(self, log: str, command: Sequence[str], blow: Blow | None = None,
              began: Callable[[], bool] | None = None) -> int:
        """Runs a command to its end, whatever that is. Raises Hang."""
        self.commands.append(f"{shlex.join(command)}  # {log}" + (f": {blow}" if blow else ""))
        self._report.unlink(missing_ok=True)
        with ExitStack() as stack:
            if str(self._source.fifo) in command:
                feeder = Process(self._source.make_fifo(), self._directory / "feeder.log", self._limit)
                stack.enter_context(feeder)
            process = stack.enter_context(Process(command, self._directory / log, self._limit))
            if blow is not None and began is not None:
                if self._pace.wait(blow, self.plan.seconds, began, process.running):
                    if self._land(blow, process) and blow.kind not in (*HARMLESS, *FOR_EVER):
                        process.ends_soon()  # those give ranks more to wait for
                    self._tally[f"blow: {blow.kind}"] += 1
            # Who is cut off when his rank has left keeps mpirun waiting: its proxy's last word is lost.
            status = process.wait(without_ranks=self._heal)
            self._heal()
        self.commands[-1] += f" -> {status}"
        return status

    def _heal(self) -> None:
        if self._cut is not None:
            self._tools.cluster.heal(self._cut)
            self._cut = None

    def _command(self, resume: bool, stall: str, delay: int) -> list[str]:
        plan, options = self.plan, ["--chunk-size", str(self.plan.chunk), "--window", str(self.plan.window)]
        options += ["--layout", plan.layout, "--stall-timeout", stall, "--json", str(self._report)]
        options += ["--resume"] if resume else []
        options += ["--fsync"] if plan.fsync else []
        options += ["--reroute"] if plan.full == "reroute" else []
        options += ["--fault", f"corrupt={plan.corrupt}"] if plan.corrupt else []
        options += ["--fault", f"delay={delay}"] if delay else []
        source = self._source.fifo if plan.stream else self._source.file
        return self._tools.scatter(self._place.workers + 1, options, source, self._place.argument)

    def _place_hit(self, blow: Blow, new: int, whole: int, done: bool) -> None:
        if blow.kind in HARMLESS:
            return
        landed = LATE if done or whole == self.plan.chunks(len(self._source.data)) else MID if new else EARLY
        self._tally[f"hit: {landed}"] += 1
        if blow.moment >= 0:
            self._pace.learn(landed)

    def _change(self, how: str | None) -> bool:
        if how is None:
            return False
        self._source.change(how)
        self._tally["changes"] += 1
        self.commands.append(f"# the source changes: {how}")
        return True

    def _mount(self) -> None:
        plan = self.plan
        if plan.apart:
            path, share = self._place.directory(1 + plan.number % plan.workers), plan.size // plan.workers
        else:
            path, share = self._place.root, plan.size
        size = int(share * plan.room) + _SPARE
        self._disk = SmallDisk(path, size)
        self.commands.append(f"# a tmpfs of {size} bytes is mounted at {path}")

    def _destination(self, ranks: int) -> Destination:
        return Destination(self._directory / "out", self.plan.layout, self.plan.apart, self.plan.chunk, ranks - 1)

    def _job_lock(self) -> tuple[int, int] | None:
        try:
            lock = os.stat(self._place.directory(0) / ".mpiferry.job")
        except OSError:
            return None
        return lock.st_ino, lock.st_mtime_ns

    def _read_report(self) -> dict | None:
        try:
            return json.loads(self._report.read_bytes())
        except (OSError, ValueError):
            return None

    def _must(self, wanted: int, status: int, what: str, kind: str = FAILED) -> None:
        if status != wanted:
            self._find([Finding(kind, f"{what} ended with status {status}, not {wanted}")])
            raise Broken

    def _fail(self, text: str) -> None:
        self._find([Finding(FAILED, text)])

    def _find(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._tally[finding.kind] += 1
            self.findings.append(Finding(finding.kind, f"{finding.text}\n  after {self.commands[-1]}"))


    def _land(self, blow: Blow, process: Process) -> bool:
        if blow.kind not in (UNPLUG, CUT):
            return _land(blow, process)
        pid = process.pid_of(blow.rank)
        host = self._tools.cluster.host_of(pid) if pid is not None else None
        if host is None:
            return False
        host.cut()
        if blow.kind == CUT:
            self._cut = host
        else:
            time.sleep(blow.seconds)
            self._tools.cluster.heal(host)
        return True


def _land(blow: Blow, process: Process) -> bool:
    if blow.kind == KILL_RANK:
        return process.hit(signal.SIGKILL, blow.rank)
    if blow.kind == KILL_MPIRUN:
        return process.hit(signal.SIGKILL)
    if blow.kind == INTERRUPT:
        return process.hit(signal.SIGINT)
    landed = process.hit(signal.SIGSTOP, blow.rank)
    if landed and blow.kind == PAUSE:
        time.sleep(blow.seconds)
        process.hit(signal.SIGCONT, blow.rank)
    return landed
