"""What must be the same for figures to be comparable, and what a reader wants to know of the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
from pathlib import Path

import psutil

from ..measuring.machine import cpu_field, describe, file_system
from ..measuring.ranks import version
from ..measuring.sizes import show_size


TOOLS = ("bench_transport", "bench_write_limit")


def tool(binary: Path, name: str) -> Path | None:
    """What measures a limit: beside an installed mpiferry, or in the build tree."""
    up = binary.resolve().parent.parent
    return next(filter(Path.is_file, (up / "libexec/mpiferry" / name, up / "bench" / name)), None)


def _digest(program: Path | None) -> str:
    return hashlib.sha256(program.read_bytes()).hexdigest()[:12] if program else "missing"


def versions(binary: Path) -> dict[str, str]:
    """Its --version, with a digest: programs of one version differ while it is worked on."""
    lines = version("--binary", binary)
    mpi = next((line.partition(": ")[2] for line in lines if line.startswith("MPI: ")), "unknown")
    return {"program": f"{lines[0]} ({_digest(binary)})", "mpi": mpi}


def identity(binary: Path, target: Path) -> dict[str, str]:
    return {
        "host": socket.gethostname(),
        "cpu": cpu_field("model name") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": f"{platform.system()} {platform.release()}",
        **versions(binary),
        **{name: _digest(tool(binary, name)) for name in TOOLS},
        "target": f"{target.resolve()} ({file_system(target)})",
    }


def described(target: Path) -> dict[str, object]:
    """For the result: keys of Google Benchmark's context, and ours."""
    machine = describe(target)[0].partition(": ")[2]
    return {
        "host_name": socket.gethostname(),
        "num_cpus": os.cpu_count(),
        "mhz_per_cpu": round(float(cpu_field("cpu MHz") or 0)),
        "cpu_scaling_enabled": Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").exists(),
        "caches": [],
        "load_avg": list(os.getloadavg()),
        "machine": machine,
        "memory": show_size(psutil.virtual_memory().total),
    }
