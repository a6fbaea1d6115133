"""Hosts made of namespaces: each has its own name, boot id, network interface, /tmp, /dev/shm and local disk; all see one
shared directory, SHARED. They live in the namespaces of isolation.py, which take them along when the program ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch")
_NET = "10.77.0."
# These directories are the host's own; the last is its local disk.
_PRIVATE = ("/tmp", "/dev/shm", "/mnt")
LOCAL = Path("/mnt")
SHARED = Path("/srv")
FOLDER = SHARED / "folder"
_BOOT = """
set -e
hostname "$1"
shift
for directory; do mount -t tmpfs -o mode=1777 none "$directory"; done
mount -t sysfs none /sys  # where UCX looks for network interfaces
cat /proc/sys/kernel/random/uuid >/tmp/boot_id
mount --bind /tmp/boot_id /proc/sys/kernel/random/boot_id
rm /tmp/boot_id
ip link set lo up
echo up
sleep infinity &
while :; do wait; done  # and so takes up the dead
"""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)


class Host:
    def __init__(self, number: int) -> None:
        self.name, self.address, self._port = f"h{number}", f"{_NET}{number}", f"v{number}"
        self._boot = subprocess.Popen(
            ["unshare", "--mount", "--uts", "--ipc", "--net", "--propagation", "private",
             "bash", "-c", _BOOT, "boot", self.name, *_PRIVATE],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self._boot.stdout is None or self._boot.stdout.readline() != "up\n":
            raise RuntimeError(f"{self.name} did not come up")
        self._network = os.readlink(f"/proc/{self._boot.pid}/ns/net")
        (SHARED / f"{self.name}.pid").write_text(str(self._boot.pid))
        _ip("link", "add", self._port, "type", "veth", "peer", "name", "e0", "netns", str(self._boot.pid))
        _ip("link", "set", self._port, "master", "br0", "up")
        self.run("ip", "addr", "add", f"{self.address}/24", "dev", "e0")
        self.run("ip", "link", "set", "e0", "up")

    def words(self, *command: str) -> list[str]:
        """What starts the command on this host."""
        return ["nsenter", "-t", str(self._boot.pid), "--mount", "--uts", "--ipc", "--net", "--", *command]

    def run(self, *command: str, check: bool = True) -> str:
        """What the command, run on this host, prints."""
        return subprocess.run(self.words(*command), check=check, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True).stdout

    def inside(self, path: Path) -> Path:
        """A path of this host's, as others can open it."""
        return Path(f"/proc/{self._boot.pid}/root") / path.relative_to("/")

    def processes(self) -> list[int]:
        """All but the one that keeps the host up."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.readlink(f"/proc/{entry}/ns/net") == self._network:
                    found.append(int(entry))
        return [pid for pid in found if pid != self._boot.pid and not _keeps_up(pid)]

    def signal(self, number: int) -> None:
        """To every process on this host at once, as far as that can be."""
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def die(self) -> None:
        """Loses the network, and then all that ran there."""
        self.cut()
        self.signal(signal.SIGKILL)

    def cut(self) -> None:
        _ip("link", "set", self._port, "down")

    def heal(self) -> None:
        _ip("link", "set", self._port, "up")
        self.run("ip", "neigh", "flush", "dev", "e0")

    def forget(self, other: Host) -> None:
        """Forgets that the other one could not be reached a moment ago."""
        self.run("ip", "neigh", "flush", "to", other.address)

    def limit_rate(self, mbit: int) -> None:
        """Applies to what it sends and to what it receives."""
        rate = ["root", "tbf", "rate", f"{mbit}mbit", "burst", "128kb", "limit", "2mb"]
        subprocess.run(["tc", "qdisc", "replace", "dev", self._port, *rate], check=True)
        self.run("tc", "qdisc", "replace", "dev", "e0", *rate)

    def lose(self, percent: int) -> None:
        """Drops so many of a hundred packets, in each direction."""
        rules = "add table inet loss\n"
        for hook, direction in (("input", "iif"), ("output", "oif")):
            rules += (f"add chain inet loss {hook} {{ type filter hook {hook} priority 0; }}\n"
                      f"add rule inet loss {hook} {direction} != lo numgen random mod 100 < {percent} drop\n")
        self.run("nft", rules)

    def lose_nothing(self) -> None:
        self.run("nft", "delete", "table", "inet", "loss")

    def reset_connections(self, program: str) -> None:
        """Resets those of this program with other hosts, but not those of its launcher."""
        for line in self.run("ss", "--tcp", "--numeric", "--processes", "--no-header").splitlines():
            # The program has inherited its launcher's, too.
            if f'"{program}"' in line and "hydra" not in line and f" {_NET}" in line:
                source, peer = line.split()[3:5]
                self.run("ss", "--kill", "--tcp", "src", source, "dst", peer)


def _keeps_up(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep\0infinity")
    return True


class Cluster:
    def __init__(self, hosts: int, folder: Path | None = None) -> None:
        """All hosts see `folder` of this machine as FOLDER."""
        subprocess.run(["mount", "-t", "tmpfs", "none", str(SHARED)], check=True)
        if folder is not None:
            FOLDER.mkdir()
            subprocess.run(["mount", "--bind", str(folder), str(FOLDER)], check=True)
        shutil.copy(_LAUNCH, SHARED)
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "br0", "type", "bridge")
        _ip("link", "set", "br0", "up")
        self.hosts = [Host(number) for number in range(1, hosts + 1)]

    def __iter__(self) -> Iterator[Host]:
        return iter(self.hosts)

    def __getitem__(self, index: int) -> Host:
        return self.hosts[index]

    def mpirun(self, mpiexec: str, ranks: int, command: Sequence[str]) -> list[str]:
        """Starts as many ranks on each host, as far as the number allows it; rank 0 is on the first."""
        return self.hosts[0].words(
            "env", "UCX_TLS=tcp,self", "UCX_NET_DEVICES=e0", mpiexec, "-localhost", self.hosts[0].address,
            "-launcher", "ssh", "-launcher-exec", str(SHARED / _LAUNCH.name),
            "-hosts", ",".join(host.name for host in self.hosts),
            "-n", str(ranks), "-ppn", str(-(-ranks // len(self.hosts))), *command)

    def host_of(self, pid: int) -> Host | None:
        return next((host for host in self.hosts if pid in host.processes()), None)

    def heal(self, host: Host) -> None:
        host.heal()
        for other in self.hosts:
            other.forget(host)

    def processes(self) -> list[int]:
        return [pid for host in self.hosts for pid in host.processes()]

    def clear(self) -> None:
        """Kills all that runs on the hosts."""
        for host in self.hosts:
            host.signal(signal.SIGKILL)
