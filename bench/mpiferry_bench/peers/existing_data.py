"""What is done with data that lie there already, beside bringing them there: resume, gather, verify."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from ..measuring.command import CommandFailed, capture

from .case import SECONDS, TRANSFER, Case, paired, times_as_fast
from .commands import MIB, Commands, Figures, brief
from .complete import check_copy
from .place import footprint
from .scenario import Cases, Scenario, against
from .setting import Setting
from .targets import Outcome, of

RANKS = 3
SCATTER = f"mpiferry scatter, {RANKS} ranks"


class Held:
    """A job that is complete, and stays while others are measured."""

    def __init__(self, setting: Setting, place: str = "tmpfs") -> None:
        self.ferry = setting.ferry
        self.commands = Commands(setting, place, setting.large)
        self.size, self.place = self.commands.size, self.commands.place
        self.place.need(self.size, 2 * footprint(self.size, MIB))
        self.source = self.place.source(self.size)
        self.directory = self.place.scratch.path / "held" / "out"
        if not self.directory.exists():
            self.directory.parent.mkdir(exist_ok=True)
            self.ferry.scatter(RANKS, MIB, self.source, self.directory)

    def case(self, name: str, shown: str, run: Callable[[], Figures]) -> Case:
        return Case(name, f"mpirun -n {RANKS} mpiferry {shown}", run, self.size)

    def scatter(self) -> Case:
        return self.commands.ferry(RANKS, MIB, name=SCATTER)


def _resume(place: str, setting: Setting) -> "list[Case]":
    held = Held(setting, place)

    def measure() -> Figures:
        held.place.fresh(footprint(held.size, MIB))  # what the other side finds, too
        job = held.ferry.resume(RANKS, MIB, held.source, held.directory)
        return {SECONDS: job.seconds, TRANSFER: job.report["transfer_seconds"]}

    return [held.case("mpiferry scatter --resume, nothing to send", f"scatter --resume --chunk-size {brief(MIB)} FILE OUT",
                      measure), held.scatter(), _xxhsum(held, processes=RANKS - 1, source=True)]


def _gather(setting: Setting) -> "list[Case]":
    held = Held(setting)

    def measure() -> Figures:
        copy = held.place.fresh(held.size) / "copy"
        job = held.ferry.gather(RANKS, held.directory, copy, held.size)
        check_copy(held.source, copy)
        return {SECONDS: job.seconds, TRANSFER: job.report["transfer_seconds"]}

    return [held.case(f"mpiferry gather, {RANKS} ranks", "gather OUT FILE", measure), held.scatter()]


def _verify(setting: Setting) -> "list[Case]":
    held = Held(setting)

    def measure() -> Figures:
        job = held.ferry.verify(RANKS, held.directory, held.size)
        return {SECONDS: job.seconds, TRANSFER: job.report["transfer_seconds"]}

    return [held.case(f"mpiferry verify, {RANKS} ranks", "verify OUT", measure), _xxhsum(held, processes=RANKS)]


def _xxhsum(held: Held, *, processes: int, source: bool = False) -> Case:
    """The files of the chunks, each process with as many as the others, to their ends; beside them the source."""
    files = sorted(str(path) for path in held.directory.glob("chunk_*.bin"))
    names = held.directory.parent / "names"
    names.write_text("".join(f"{file}\n" for file in files))
    script = f"xargs -P {processes} -n {-(-len(files) // processes)} xxhsum -H3"
    # Without its progress, which would end up between the lines of the other processes.
    both = 'xxhsum -H3 "$1" 2>/dev/null & ' if source else ""
    argv = ["sh", "-c", f'{both}{script} <"$0" 2>/dev/null && wait', str(names), str(held.source)]

    def measure() -> Figures:
        held.place.fresh(footprint(held.size, MIB))
        seconds, printed = capture(argv)
        if printed.count("\n") != len(files) + int(source):
            raise CommandFailed(f"xxhsum gave {printed.count(chr(10))} digests of {len(files) + int(source)}")
        return {SECONDS: seconds}

    shown = f"ls OUT/chunk_* | {script}"
    return Case(f"xxhsum, {processes + int(source)} processes", f"xxhsum -H3 FILE & {shown}" if source else shown,
                measure, held.size, ours=False, not_run="" if shutil.which("xxhsum") else "it is not installed")


def _resume_outcome(name: str, cases: Cases) -> "Mapping[str, Outcome]":
    resume, scatter, alone = cases.values()
    found = paired(scatter, resume, TRANSFER)
    if not found.values:
        return {name: of(found)}
    notes = [f"with start-up: {paired(scatter, resume).median:.2f}"]
    if not alone.not_run:
        notes.append(f"xxhsum alone over both sides: {paired(scatter, alone, TRANSFER, SECONDS).median:.2f}")
    return {name: of(found, "; ".join(notes))}


def _gather_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    gather, scatter = cases.values()
    return {"gather": of(paired(scatter, gather))}


def _verify_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    verify, xxhsum = cases.values()
    found = against(verify, xxhsum, TRANSFER)
    if found.sample is None:
        return {"verify": found}
    # xxhsum's clock is that of its whole process; mpiferry's leaves out MPI's start, the manifest and the survey.
    return {"verify": replace(found, note=f"with start-up: {times_as_fast(verify, xxhsum).median:.2f}")}


EXISTING_DATA = (
    Scenario("resume", "Resume of a complete job against sending it again, tmpfs", "tmpfs", partial(_resume, "tmpfs"),
             partial(_resume_outcome, "resume")),
    Scenario("resume-disk", "Resume of a complete job against sending it again, disk, page cache", "disk",
             partial(_resume, "disk"), partial(_resume_outcome, "resume-disk")),
    Scenario("gather", "Gather against scatter", "tmpfs", _gather, _gather_outcome),
    Scenario("verify", "Verify against xxhsum", "tmpfs", _verify, _verify_outcome),
)
