"""Gives a whole test program private namespaces: what it makes in them (hosts, networks, mounts and processes) goes
with it, however it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_INSIDE = "MPIFERRY_TEST_HOSTS"  # set in the namespaces
_UNSHARE = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
_AS_ROOT = ["--user", "--map-root-user"]
_NEEDED = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2"}


def enter() -> str | None:
    """Starts this program again in namespaces of its own, and returns nothing there; where there can be none, why."""
    if os.environ.get(_INSIDE) == "yes":
        return None
    for program, package in _NEEDED.items():
        if shutil.which(program) is None:
            return f"there is no {program} (package {package})"
    words = _UNSHARE if os.geteuid() == 0 else [*_UNSHARE, *_AS_ROOT]
    tried = subprocess.run([*words, "sh", "-c", "ip link add v0 type veth peer name v1 && ip link add b0 type bridge"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"no private network namespaces here: {tried.stderr.strip()}"
    os.execvpe(words[0], [*words, sys.executable, *sys.argv], {**os.environ, _INSIDE: "yes"})
