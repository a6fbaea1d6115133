"""One mpiferry binary, and what starts it."""

from __future__ import annotations  # Python 3.9

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from .command import PATIENCE, CommandFailed, run
from .paths import Unusable, mpiferry, program

LAUNCHERS = ("mpirun.mpich", "mpiexec.hydra")  # what a plain mpirun is, nobody knows


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
    def __init__(self, binary: Path, mpiexec: str | None = None) -> None:
        """Raises Unusable."""
        # Absolute: a launcher looks for a bare name on the PATH.
        self.binary = mpiferry("--binary", binary).absolute()
        self.mpiexec = program("--mpiexec", mpiexec) if mpiexec else self._mpich()

    def _mpich(self) -> str:
        launchers = [*LAUNCHERS, self.cached("MPIEXEC_EXECUTABLE")]
        found = next(filter(None, map(shutil.which, filter(None, launchers))), None)
        if found is None:
            raise Unusable("--mpiexec", LAUNCHERS[0], "no launcher of MPICH was found; name one")
        return found

    def cached(self, name: str) -> str:
        """A value of the CMakeCache.txt that the binary was built with, or nothing."""
        cache = self.binary.resolve().parent.parent / "CMakeCache.txt"
        if not cache.is_file():
            return ""
        found = re.search(rf"^{name}:[A-Z]+=(.*)$", cache.read_text(), re.MULTILINE)
        return found[1] if found else ""

    def argv(self, ranks: int, chunk: int | str, source: str, destination: str, *options: str,
             wrapper: tuple[str, ...] = ()) -> list[str]:
        return [self.mpiexec, "-n", str(ranks), *wrapper, str(self.binary), "scatter", "--quiet",
                "--chunk-size", str(chunk), *options, source, destination]

    def scatter(self, ranks: int, chunk: int, source: Path, destination: Path, *options: str,
                wrapper: tuple[str, ...] = (), size: int | None = None, patience: float = PATIENCE) -> Run:
        """One job. `size`: how many bytes the source will give, if the file system cannot say. `patience`:
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
        return [self.mpiexec, "-n", str(ranks), str(self.binary), command, "--quiet", *map(str, names)]

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
