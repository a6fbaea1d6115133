"""The program without digests, for what integrity costs."""

import os
import subprocess
from pathlib import Path

from ..measuring.command import run
from ..measuring.ferry import Ferry, cached
from ..measuring.paths import ROOT

SAME = ("CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER", "CMAKE_CXX_FLAGS", "CMAKE_PREFIX_PATH")


def _checks_nothing(ferry: Ferry) -> bool:
    version = subprocess.run([ferry.binary, "--version"], capture_output=True, text=True, check=True)
    return "MPIFERRY_NO_DIGEST" in version.stdout


def without_digest(like: Ferry, directory: Path) -> Ferry:
    """Builds the same sources with the same flags to check nothing. Raises ValueError unless that is the difference."""
    options = [f"-D{name}={cached(like.binary, name)}" for name in SAME if cached(like.binary, name)]
    run(["cmake", "-S", str(ROOT), "-B", str(directory), *options, "-DMPIFERRY_NO_DIGEST=ON",
         "-DMPIFERRY_TESTS=OFF", "-DMPIFERRY_BENCH=OFF"])
    run(["cmake", "--build", str(directory), "--target", "mpiferry",
         "--parallel", str(len(os.sched_getaffinity(0)))])
    plain = Ferry(directory / "cli" / "mpiferry", launcher=like.launcher)
    if _checks_nothing(like) or not _checks_nothing(plain):
        raise ValueError("integrity needs a --binary with digests, and a --no-digest-build without")
    return plain
