"""What all scenarios of one run share: programs, places, sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..measuring.command import CommandFailed, capture
from ..measuring.failure import Failure
from ..measuring.ferry import Ferry
from ..measuring.programs import google_benchmark

from .blocking_script import BlockingScript
from .place import Place

PEER_PATIENCE = 900.0  # seconds; a peer that hangs must not hold up the others


class NotRun(Failure):
    """Has the reason why a scenario or a case cannot be measured here."""


@dataclass
class Setting:
    ferry: Ferry
    programs: Path  # where bench_NAME are
    large: int
    small: int
    idle: int
    repetitions: int
    quick: bool
    no_digest_build: Path
    memory: "Place | str"  # or why there is none
    disk: "Place | str"

    def place(self, name: str) -> Place:
        found = self.memory if name == "tmpfs" else self.disk
        if isinstance(found, str):
            raise NotRun(found)
        return found

    @cached_property
    def blocking_script(self) -> "BlockingScript | str":
        return BlockingScript.find()

    def program(self, name: str) -> str:
        """The path of bench_NAME; raises NotRun if it is not built."""
        path = self.programs / f"bench_{name}"
        if not path.is_file():
            raise NotRun(f"{path} is not built (cmake --build, target bench_{name})")
        return str(path)

    def mpi(self, ranks: int, *argv: str) -> "list[str]":
        return self.ferry.launcher.argv(ranks, argv)

    def google_benchmark(self, ranks: int, name: str, wanted: Sequence[str], figure: str,
                         *options: str) -> "dict[str, float]":
        """Runs exactly these cases of bench_NAME once; this figure of their JSON, by name."""
        escaped = "|".join(one.replace(".", "[.]") for one in wanted)
        _, cases = google_benchmark(self.mpi(ranks, self.program(name), f"--benchmark_filter=^({escaped})$", *options),
                                    self.scratch_file("benchmark.json"))
        found = {case["name"]: float(case[figure]) for case in cases if case.get(figure, 0) > 0}
        missing = [one for one in wanted if one not in found]
        if missing:
            raise CommandFailed(f"bench_{name} gave no {figure} for {', '.join(missing)}")
        return found

    def default_window(self, ranks: int, chunk: int) -> int:
        """What mpiferry takes without --window, from its report of an empty job."""
        source = self.scratch_file("empty")
        source.touch()
        output = self.scratch_file("window")
        output.mkdir(exist_ok=True)
        return self.ferry.scatter(ranks, chunk, source, output / "out", "--profile", "none", "--force").report["window"]

    def benchmark_names(self, name: str) -> "list[str]":
        """The cases that bench_NAME has."""
        argv = self.mpi(1, self.program(name), "--benchmark_list_tests=true")
        try:
            return capture(argv, patience=60)[1].split()
        except CommandFailed as error:
            raise NotRun(str(error)) from None

    def scratch_file(self, name: str) -> Path:
        place = next((one for one in (self.memory, self.disk) if isinstance(one, Place)), None)
        if place is None:
            raise NotRun(str(self.memory))
        return place.scratch.path / name
