"""Runs Slurm on hosts made of namespaces: its daemons run there, from Debian's packages, and end with them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

from hosts import isolation
from hosts.cluster import SHARED, Cluster, Host

_HOME = SHARED / "slurm"
_PROGRAMS = {"munged": "munge", "slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "srun": "slurm-wlm",
             "sbatch": "slurm-wlm", "salloc": "slurm-wlm"}
_CONF = """
ClusterName=test
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
CredType=cred/munge
SlurmctldPidFile={home}/slurmctld.pid
StateSaveLocation={home}/state
SlurmdPidFile=/tmp/slurmd.pid
SlurmdSpoolDir=/tmp/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=5
SlurmctldHost={first.name}({first.address})
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
"""
CPUS = 8  # that each host pretends to have


def missing() -> str | None:
    """Why there can be no Slurm here."""
    if os.geteuid() != 0:
        return "not root"
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            return f"there is no {program} (package {package})"
    return isolation.enter()


@dataclass
class Ended:
    status: int
    output: str  # standard output and standard error
    seconds: float


class Slurm:
    """Raises unittest.SkipTest where its daemons do not come up."""

    def __init__(self, hosts: int) -> None:
        self.cluster = Cluster(hosts)
        self._daemons: list[tuple[str, subprocess.Popen[bytes]]] = []
        (_HOME / "state").mkdir(parents=True)
        first = self.cluster[0]
        nodes = "\n".join(f"NodeName={host.name} NodeAddr={host.address} CPUs={CPUS}" for host in self.cluster)
        (_HOME / "slurm.conf").write_text(_CONF.format(home=_HOME, first=first, nodes=nodes))
        (_HOME / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        names = SHARED / "hosts"
        names.write_text("127.0.0.1 localhost\n" + "".join(f"{host.address} {host.name}\n" for host in self.cluster))
        key = _HOME / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for host in self.cluster:
            host.run("mount", "--bind", str(names), "/etc/hosts")
            host.run("mount", "-t", "tmpfs", "none", "/sys/fs/cgroup")  # all that slurmd asks for
        self._start(first, "munged", "--foreground", "--force", f"--socket={_HOME}/munge.socket", f"--key-file={key}",
                    f"--pid-file={_HOME}/munged.pid", f"--seed-file={_HOME}/seed", f"--log-file={_HOME}/munged.log")
        self._wait_for("munged", (_HOME / "munge.socket").exists)
        self._start(first, "slurmctld", "-D", "-c")
        for host in self.cluster:
            self._start(host, "slurmd", "-D")
        self._wait_for("slurmd", lambda: set(self.run("sinfo", "-h", "-o", "%T").output.split()) == {"idle"})

    @staticmethod
    def environment() -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not re.match("SLURM|PMI|OMPI|MPIFERRY", name)}
        return {**own, "SLURM_CONF": f"{_HOME}/slurm.conf", "UCX_NET_DEVICES": "e0", "UCX_HANDLE_ERRORS": "none",
                "PATH": f"{SHARED}/bin:{os.environ['PATH']}"}

    def _start(self, host: Host, *command: str) -> None:
        log = _HOME / f"{command[0]}.{host.name}"
        with open(log, "wb") as output:
            self._daemons.append((str(log), subprocess.Popen(
                host.words(*command), env=self.environment(), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT)))

    def _wait_for(self, what: str, condition) -> None:
        until = time.monotonic() + 20
        while not condition():
            for log, daemon in self._daemons:
                if daemon.poll() is not None or time.monotonic() > until:
                    said = Path(log).read_text(errors="replace").strip().splitlines()
                    raise unittest.SkipTest(f"{what} does not come up: {said[-1] if said else 'without a word'}")
            time.sleep(0.1)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Runs a user's command on the first host, in the shared directory."""
        return subprocess.Popen(self.cluster[0].words("env", "--chdir", str(SHARED), *command), env=self.environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *command: str, limit: float = 40.0) -> Ended:
        began = time.monotonic()
        process = self.start(*command)
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Ended(process.returncode, output, time.monotonic() - began)


class SlurmTest(unittest.TestCase):
    """Two hosts, on which the program is `mpiferry` and MPICH's launcher `mpirun`."""

    slurm: Slurm

    @classmethod
    def begin(cls, program: str, mpiexec: str) -> None:
        """Runs once, before all tests."""
        cls.slurm = Slurm(hosts=2)
        (SHARED / "bin").mkdir()
        shutil.copy(program, SHARED / "bin/mpiferry")
        shutil.copytree(Path(__file__).resolve().parents[2] / "bench", SHARED / "libexec/mpiferry")
        mpirun = SHARED / "bin/mpirun"  # no link: it looks for its proxy beside itself
        mpirun.write_text(f'#!/bin/sh\nexec "{mpiexec}" "$@"\n')
        mpirun.chmod(0o755)
        (SHARED / "source").write_bytes(os.urandom(4 << 20))

    def setUp(self) -> None:
        shutil.rmtree(SHARED / "out", ignore_errors=True)
        for name in ("copy", "log", "report.json"):
            (SHARED / name).unlink(missing_ok=True)

    def run_it(self, *command: str) -> Ended:
        return self.slurm.run(*command)

    def srun(self, *words: str) -> Ended:
        return self.run_it("srun", "--quiet", *words)

    def shell(self, script: str) -> Ended:
        return self.run_it("bash", "-c", script)

    def batch(self, script: str, *options: str) -> str:
        """Submits it, for four tasks on two hosts. Returns the number of the job."""
        (SHARED / "job").write_text(f"#!/bin/bash\n{script}\n")
        words = ("sbatch", "--parsable", "-N2", "-n4", f"--output={SHARED}/log", *options, "job")
        return self.run_it(*words).output.strip().splitlines()[-1]

    def log_of(self, job: str, limit: float = 40.0) -> str:
        """What a batch job has said when it has ended."""
        self.wait_until(lambda: job not in self.run_it("squeue", "-h", "-o", "%i").output.split(), limit)
        return (SHARED / "log").read_text()

    def wait_until(self, condition, limit: float = 20.0) -> None:
        until = time.monotonic() + limit
        while not condition():
            self.assertLess(time.monotonic(), until, f"waited {limit} s")
            time.sleep(0.1)

    def expect(self, status: int, ended: Ended, *words: str, errors: int | None = None) -> None:
        self.assertEqual(status, ended.status, ended.output)
        for word in words:
            self.assertIn(word, ended.output)
        found = ended.output.count("mpiferry: error:")
        self.assertEqual((0 if status == 0 else 1) if errors is None else errors, found, ended.output)

    def expect_copy(self) -> None:
        self.assertEqual((SHARED / "source").read_bytes(), (SHARED / "copy").read_bytes())


