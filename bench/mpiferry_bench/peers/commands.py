"""The commands that are compared, as cases of one scenario: each warms, runs once and is checked."""

import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..measuring.command import run
from ..measuring.programs import limit
from ..measuring.sizes import show_size

from .case import SECONDS, TRANSFER, Case
from .complete import check_chunks, check_copy
from .place import footprint
from .setting import PEER_PATIENCE, NotRun, Setting

KIB, MIB = 1 << 10, 1 << 20
Figures = Mapping[str, float]

# What moves one file to one file. {source}, {copy}, {directory} are filled in; the first word is what
# must be installed.
COPIES = {
    "cp": "cp {source} {copy}",
    "cp, sync": "sh -c 'cp \"$1\" \"$2\" && sync \"$2\"' sh {source} {copy}",
    "dd": "dd if={source} of={copy} bs=1M status=none",
    "dd, direct": "dd if={source} of={copy} bs=4M oflag=direct status=none",
    "dd, fsync": "dd if={source} of={copy} bs=1M conv=fsync status=none",
    "rsync": "rsync --whole-file {source} {copy}",
    "rsync, fsync": "rsync --whole-file --fsync {source} {copy}",
}


def brief(size: int) -> str:
    return show_size(size).replace(" ", "")


class Commands:
    """Of one place, with one size of file."""

    def __init__(self, setting: Setting, place: str, size: int) -> None:
        self.setting = setting
        self.place = setting.place(place)
        self.place.scratch.clear()
        self.size = size

    def _source(self, chunk: int) -> Path:
        self.place.need(self.size, footprint(self.size, chunk))
        return self.place.source(self.size)

    def _shown(self, argv: Sequence[str], *places: object) -> str:
        """Without this machine's paths."""
        names = {str(self.place.source(self.size)): "FILE", **{str(place): "OUT" for place in places}}
        return shlex.join(names.get(word, Path(word).name if word.startswith("/") else word) for word in argv)

    def _peer(self, name: str, command: str, measure: Callable[[], Figures], against: str) -> Case:
        return Case(name, command, measure, self.size, against, ours=False)

    def ferry(self, ranks: int, chunk: int, *options: str, program: "object | None" = None,
              name: str = "") -> Case:
        """mpiferry itself; `program`: another Ferry."""
        source, used = self._source(chunk), program or self.setting.ferry

        def measure() -> Figures:
            destination = self.place.fresh(footprint(self.size, chunk))
            job = used.scatter(ranks, chunk, source, destination, *options)
            return {SECONDS: job.seconds, TRANSFER: job.report["transfer_seconds"]}

        shown = " ".join((f"mpirun -n {ranks} mpiferry scatter --chunk-size {brief(chunk)}", *options, "FILE OUT"))
        return Case(name or f"mpiferry, {ranks} ranks", shown, measure, self.size)

    def copy(self, name: str, against: str) -> Case:
        source = self._source(MIB)
        words = shlex.split(COPIES[name])

        def argv(copy: str) -> "list[str]":
            return [word.replace("{source}", str(source)).replace("{copy}", copy) for word in words]

        def measure() -> Figures:
            copy = self.place.fresh(self.size) / "copy"
            seconds = run(argv(str(copy)), patience=PEER_PATIENCE)
            check_copy(source, copy)
            return {SECONDS: seconds}

        shown = COPIES[name].format(source="FILE", copy="OUT/copy")
        if name == "cp, sync":
            shown = "cp FILE OUT/copy && sync OUT/copy"
        case = self._peer(name, shown, measure, against)
        if not shutil.which(name.partition(",")[0]):
            case.not_run = "it is not installed"
        return case

    def dcp(self, ranks: int, against: str) -> Case:
        source = self._source(MIB)

        def measure() -> Figures:
            copy = self.place.fresh(self.size) / "copy"
            seconds = run(self.setting.mpi(ranks, "dcp", str(source), str(copy)), patience=PEER_PATIENCE)
            check_copy(source, copy)
            return {SECONDS: seconds}

        case = self._peer(f"dcp, {ranks} ranks", f"mpirun -n {ranks} dcp FILE OUT/copy", measure, against)
        if not shutil.which("dcp"):
            case.not_run = "it is not installed (mpifileutils)"
        return case

    def _chunked(self, name: str, argv: Callable[[str], "list[str]"], chunk: int, against: str,
                 *, talkative: bool) -> Case:
        source = self._source(chunk)

        def measure() -> Figures:
            destination = self.place.fresh(footprint(self.size, chunk))
            seconds = run(argv(str(destination)), patience=PEER_PATIENCE, talkative=talkative)
            check_chunks(source, destination, chunk)
            return {SECONDS: seconds}

        return self._peer(name, self._shown(argv("OUT"), "OUT"), measure, against)

    def blocking_script(self, ranks: int, chunk: int) -> Case:
        name, found = f"the blocking script, {ranks} ranks", self.setting.blocking_script
        if isinstance(found, str):
            return Case(name, "mpirun python3 blocking_mpi4py.py", dict, ours=False, not_run=found)
        source = self._source(chunk)
        return self._chunked(name, lambda out: found.argv(ranks, chunk, str(source), out), chunk,
                             f"mpiferry, {ranks} ranks", talkative=True)

    def blocking(self, ranks: int, chunk: int) -> Case:
        name, source = f"blocking C++, {ranks} ranks", self._source(chunk)
        try:
            program = self.setting.program("peer_blocking")
        except NotRun as error:
            return Case(name, "mpirun bench_peer_blocking", dict, ours=False, not_run=str(error))
        return self._chunked(
            name, lambda out: self.setting.mpi(ranks, program, str(source), str(chunk), out, "quiet"), chunk,
            f"mpiferry, {ranks} ranks", talkative=False)

    def write_limit(self, ranks: int, chunk: int, how: str = "") -> Case:
        """From the common start of the writers to the end of the last: they have no start-up. `how`: fsync, direct."""
        writers = ranks - 1
        name = ", ".join(filter(None, (f"write limit, {writers} writers", how)))
        try:
            program = self.setting.program("write_limit")
        except NotRun as error:
            return Case(name, "bench_write_limit", dict, ours=False, not_run=str(error))
        self._source(chunk)  # room for all
        numbers = [str(writers), str(chunk), str(self.size)]

        def measure() -> Figures:
            destination = self.place.fresh(footprint(self.size, chunk))
            _, printed = limit([program, *numbers, str(destination), *filter(None, (how,))])
            return {SECONDS: printed["seconds"]}

        shown = " ".join(("bench_write_limit", *numbers, "OUT", *filter(None, (how,))))
        return self._peer(name, shown, measure, f"mpiferry, {ranks} ranks")
