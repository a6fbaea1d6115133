"""BASE and the working tree, each built in a directory of its own below build/regress."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..measuring.command import started
from .base import Base, Repository
from .refusal import FAILED, Refusal

OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DMPIFERRY_TESTS=OFF", "-DMPIFERRY_BENCH=OFF")
TAIL = 25  # lines of a build's log that are shown


class BuildFailed(Refusal):
    pass


def _run(argv: Sequence[str], log_file: Path, what: str) -> None:
    with open(log_file, "a", encoding="utf-8") as out:
        out.write(f"$ {' '.join(argv)}\n")
        out.flush()
        try:
            with started(argv, stdout=out, stderr=subprocess.STDOUT) as process:
                status = process.wait()
        except FileNotFoundError:
            raise BuildFailed(f"{argv[0]} was not found; it is needed to build {what}") from None
    if status != 0:
        lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        first = next((line.strip() for line in lines if "error:" in line or "CMake Error" in line), "")
        tail = "\n".join(lines[-TAIL:])
        raise BuildFailed(f"{what} does not build{': ' + first if first else ''}\nThe end of {log_file}:\n{tail}")


def build(source: Path, directory: Path, what: str, log: Callable[[str], None]) -> Path:
    """Configures and builds the program; returns its path. BuildFailed has the first error, and the end of the log."""
    if not (source / "CMakeLists.txt").is_file():
        raise BuildFailed(f"{what} has no CMakeLists.txt: it is older than the program; name a newer BASE")
    directory.mkdir(parents=True, exist_ok=True)
    log_file = directory / "build.log"
    log_file.unlink(missing_ok=True)
    options = list(OPTIONS)
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    if shutil.which("ninja") and not (directory / "Makefile").exists():
        options += ["-G", "Ninja"]
    log(f"building {what} in {directory} (minutes, the first time)")
    began = time.monotonic()
    _run(["cmake", "-S", str(source), "-B", str(directory), *options], log_file, what)
    _run(["cmake", "--build", str(directory), "--target", "mpiferry",
          "--parallel", str(len(os.sched_getaffinity(0)))], log_file, what)
    log(f"built {what} in {time.monotonic() - began:.0f} s")
    program = directory / "cli" / "mpiferry"
    if not program.is_file():
        raise BuildFailed(f"{what} was built, but there is no {program}: it is laid out otherwise; name a "
                          f"newer BASE, or build it yourself and use --base-binary")
    return program


def checkout(repository: Repository, base: Base, below: Path) -> Path:
    """The files of that commit, without touching the clone's own state."""
    source = below / "source"
    if (source / ".complete").is_file():
        return source
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    with subprocess.Popen(["git", "-C", str(repository.root), "archive", base.commit],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace") as archive:
        unpacked = subprocess.run(["tar", "-x", "-C", str(source)], stdin=archive.stdout, stderr=subprocess.PIPE,
                                  text=True, errors="replace", check=False)
        archive.stdout.close()  # else git would wait for a tar that has failed
        printed = archive.stderr.read() + unpacked.stderr
    if archive.returncode != 0 or unpacked.returncode != 0:
        raise Refusal(f"{base.commit}: git archive and tar could not write its files to {source}:\n{printed.rstrip()}",
                      FAILED)
    (source / ".complete").touch()
    return source


def build_base(repository: Repository, base: Base, below: Path, log: Callable[[str], None]) -> Path:
    """The program of BASE. A commit that was built before is not built again, only looked at by the build tool."""
    source = checkout(repository, base, below / base.commit[:12])
    # As far below its sources as ./dev builds below ours: with the same relative paths, a compiler cache that is told
    # to look at these (CCACHE_BASEDIR) finds what the two have in common.
    return build(source, source / "build" / "base", f"BASE ({base.name})", log)


def build_head(repository: Repository, below: Path, log: Callable[[str], None]) -> Path:
    return build(repository.root, below / "head", "HEAD (the working tree)", log)
