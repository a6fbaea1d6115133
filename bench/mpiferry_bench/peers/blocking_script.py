"""How the blocking script runs here: a Python that has mpi4py, and the launcher of the MPI it was built for."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from ..measuring.ferry import LAUNCHERS, first_program
from ..measuring.paths import ROOT

SCRIPT = ROOT / "bench/peers/blocking_mpi4py.py"
# Asks for the library without starting it: a program that nobody launched may not be able to.
ASK = "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; print(MPI.Get_library_version())"


@dataclass(frozen=True)
class BlockingScript:
    launcher: "tuple[str, ...]"
    python: str

    def argv(self, ranks: int, chunk: int, source: str, destination: str) -> "list[str]":
        return [*self.launcher, "-n", str(ranks), self.python, str(SCRIPT), "--file", source,
                "--chunk-size", str(chunk), "--destination", destination]

    @staticmethod
    def find() -> "BlockingScript | str":
        """How to run it, or why it cannot be run."""
        pythons = dict.fromkeys(filter(None, ("/usr/bin/python3", shutil.which("python3"), sys.executable)))
        for python in filter(os.path.exists, pythons):
            library = _library(python)
            if library:
                launcher = _launcher(library)
                return BlockingScript(launcher, python) if launcher else \
                    f"mpi4py of {python} needs the launcher of {library}, which is not installed"
        return "mpi4py is not installed (Debian: python3-mpi4py)"


def _library(python: str) -> str:
    try:
        asked = subprocess.run([python, "-c", ASK], capture_output=True, text=True, timeout=60,
                               stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip().splitlines()[0] if asked.returncode == 0 and asked.stdout.strip() else ""


def _launcher(library: str) -> "tuple[str, ...]":
    if "Open MPI" in library:
        found = shutil.which("mpirun.openmpi") or shutil.which("orterun")
        # More ranks than cores, and root, are refused unless one insists.
        return (found, "--allow-run-as-root", "--oversubscribe") if found else ()
    found = first_program(*LAUNCHERS, "mpirun")
    return (found,) if found else ()
