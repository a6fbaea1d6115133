"""One mpiferry binary, and what starts it."""

from __future__ import annotations  # Python 3.9

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from .command import PATIENCE, CommandFailed, run
from .launcher import Launcher
from .paths import Unusable, mpiferry, program

LAUNCHERS = ("mpirun.mpich", "mpiexec.hydra")  # what a plain mpirun is, nobody knows


def first_program(*names: str) -> str | None:
    """The path of the first of them that there is."""
    return next(filter(None, map(shutil.which, filter(None, names))), None)


def cached(binary: Path, name: str) -> str:
    """A value of the CMakeCache.txt that the binary was built with, or nothing."""
    cache = binary.resolve().parent.parent / "CMakeCache.txt"
    if not cache.is_file():
        return ""
    found = re.search(rf"^{name}:[A-Z]+=(.*)$", cache.read_text(), re.MULTILINE)
    return found[1] if found else ""


@dataclass(frozen=True)
class Run:
    """The figures of one job."""

    seconds: float  # the whole command, mpirun included
    size: int
    report: dict  # what --json wrote

    @property
    def command_speed(self) -> float:
        return self.size / self.seconds / 1e9

    @property
    def transfer_speed(self) -> float:
        """From the first chunk sent to the last one acknowledged."""
        return self.size / self.report["transfer_seconds"] / 1e9


class Ferry:
    """`launcher` starts the ranks; else `mpiexec`, or that of MPICH. `discard`: workers write nothing."""

    def __init__(self, binary: Path, mpiexec: str | None = None, *, launcher: Launcher | None = None,
                 discard: bool = False) -> None:
        """Raises Unusable."""
        # Absolute: a launcher looks for a bare name on the PATH.
        self.binary, self.discard = mpiferry("--binary", binary).absolute(), discard
        self.launcher = launcher or Launcher.of(program("--mpiexec", mpiexec) if mpiexec else self._mpich())

    def _mpich(self) -> str:
        found = first_program(*LAUNCHERS, cached(self.binary, "MPIEXEC_EXECUTABLE"))
        if found is None:
            raise Unusable("--mpiexec", LAUNCHERS[0], "no launcher of MPICH was found; name one")
        return found

    def argv(self, ranks: int, chunk: int | str, source: str, destination: str, *options: str,
             wrapper: tuple[str, ...] = ()) -> list[str]:
        to = ("--discard", source) if self.discard else (source, destination)
        return self.launcher.argv(ranks, [*wrapper, str(self.binary), "scatter", "--quiet", "--chunk-size", str(chunk),
                                          *options, *to])

    def scatter(self, ranks: int, chunk: int, source: Path, destination: Path, *options: str,
                wrapper: tuple[str, ...] = (), size: int | None = None, patience: float = PATIENCE) -> Run:
        """One job. `size`: how many bytes the source will give, if the file system does not know. `patience`:
        the seconds after which it is ended as hanging."""
        size = source.stat().st_size if size is None else size
        argv = self.argv(ranks, chunk, str(source), str(destination), *options, wrapper=wrapper)
        return self._job(argv, destination.parent, "bytes_written", size, patience)

    def resume(self, ranks: int, chunk: int, source: Path, destination: Path) -> Run:
        """Of a destination that is complete: all is kept, or it raises CommandFailed."""
        argv = self.argv(ranks, chunk, str(source), str(destination), "--resume")
        return self._job(argv, destination.parent, "bytes_kept", source.stat().st_size)

    def gather(self, ranks: int, directory: Path, target: Path, size: int) -> Run:
        """`size`: of what was scattered."""
        return self._job(self._command(ranks, "gather", directory, str(target)), directory.parent, "bytes_written", size)

    def verify(self, ranks: int, directory: Path, size: int) -> Run:
        return self._job(self._command(ranks, "verify", directory), directory.parent, "bytes_written", size)

    def _command(self, ranks: int, command: str, *names: "Path | str") -> list[str]:
        return self.launcher.argv(ranks, [str(self.binary), command, "--quiet", *map(str, names)])

    def _job(self, argv: list[str], beside: Path, counter: str, size: int, patience: float = PATIENCE) -> Run:
        """Its report, written beside the destination, must count `size` bytes by the name of `counter`."""
        report_file = beside / "report.json"
        report_file.unlink(missing_ok=True)
        argv = [*argv, "--json", str(report_file)]
        seconds = run(argv, patience=patience)
        report = self.written_by(argv, report_file)
        if report["exit_code"] != 0 or report[counter] != size:
            raise CommandFailed(f"{' '.join(argv)}\nended with 0, but its {counter} are {report[counter]} of {size}")
        return Run(seconds, size, report)

    @staticmethod
    def written_by(argv: list[str], path: Path) -> dict:
        """The JSON that a command, which ended with 0, was to write."""
        try:
            return json.loads(path.read_text())
        except FileNotFoundError:
            why = "wrote no report: was its program started?"
        except ValueError as error:
            full = " (its file system is full)" if shutil.disk_usage(path.parent).free == 0 else ""
            why = f"its report is damaged{full}: {error}"
        raise CommandFailed(f"{shlex.join(argv)}\nended with 0, but {why}")
