"""What a figure was measured on."""

import os
import platform
import re
from pathlib import Path

import psutil

from .sizes import show_size


def cpu_field(name: str) -> str:
    """Of the first processor, or nothing."""
    found = re.search(rf"^{name}\s*:(.*)$", Path("/proc/cpuinfo").read_text(errors="replace"), re.MULTILINE)
    return found[1].strip() if found else ""


def file_system(directory: Path) -> str:
    """The type of the file system that holds the directory: tmpfs, ext4."""
    path = directory.resolve(strict=True)
    holding = [mount for mount in psutil.disk_partitions(all=True) if path.is_relative_to(mount.mountpoint)]
    # Of several at one place the last one hides the others.
    return max(reversed(holding), key=lambda mount: len(mount.mountpoint)).fstype if holding else "unknown file system"


def describe(target: Path) -> list[str]:
    cpu = cpu_field("model name") or platform.machine()
    virtual = ", virtual machine" if " hypervisor" in cpu_field("flags") else ""
    return [
        f"machine: {cpu}, {len(os.sched_getaffinity(0))} cores, "
        f"{show_size(psutil.virtual_memory().total)} of memory{virtual}; Linux {platform.release()}",
        f"target: {target} ({file_system(target)})",
        f"load average of the last minute, before it began: {os.getloadavg()[0]:.1f}",
    ]
