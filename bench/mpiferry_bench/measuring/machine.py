"""What a figure was measured on."""

import os
import platform
from pathlib import Path

from .sizes import KIB, show_size


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return ""


def memory_bytes(name: str) -> int:
    """A line of /proc/meminfo: MemTotal, MemAvailable."""
    return int(_field("/proc/meminfo", name).split()[0]) * KIB


def file_system(directory: Path) -> str:
    """The type of the file system that holds the directory: tmpfs, ext4."""
    device = directory.stat().st_dev
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        major, _, minor = before.split()[2].partition(":")
        if os.makedev(int(major), int(minor)) == device:
            return after.split()[0]
    return "unknown file system"


def describe(target: Path) -> list[str]:
    cpu = _field("/proc/cpuinfo", "model name") or platform.machine()
    virtual = ", virtual machine" if " hypervisor" in _field("/proc/cpuinfo", "flags") else ""
    return [
        f"machine: {cpu}, {len(os.sched_getaffinity(0))} cores, "
        f"{show_size(memory_bytes('MemTotal'))} of memory{virtual}; Linux {platform.release()}",
        f"target: {target} ({file_system(target)})",
        f"load average of the last minute, before it began: {os.getloadavg()[0]:.1f}",
    ]
