"""Scripts that start jobs themselves must not be started by a launcher, several at once: they would measure against
each other. As cli/launcher.cpp, they do not believe the variables of a launcher alone, which outlive it."""

from __future__ import annotations

import os
import select
import socket
import stat
import sys
import time
from pathlib import Path

PATIENCE = 2  # seconds that others leave to rank 0, which a launcher may not have started


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _is_child_of_open_mpi() -> bool:
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text().startswith(("orte", "prte", "mpirun", "mpiexec"))
    except OSError:
        return False


def _is_slurm_task() -> bool:
    return _number("SLURM_TASK_PID") == os.getpid()


def _is_connected_to_pmi() -> bool:
    channel = _number("PMI_FD")
    try:
        return (channel is not None and stat.S_ISSOCK(os.fstat(channel).st_mode)
                and not select.select([channel], [], [], 0)[0])
    except OSError:  # it is closed
        return False


KINDS = (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", _is_child_of_open_mpi),
         ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", _is_slurm_task),
         ("PMI_RANK", "PMI_SIZE", _is_connected_to_pmi))


def _rank_among_several() -> int | None:
    for rank, size, is_direct in KINDS:
        if _number(rank) is not None and (_number(size) or 1) > 1 and is_direct():
            return _number(rank)
    return None


def _is_first_of_siblings(holder: socket.socket) -> bool:
    try:
        holder.bind(f"\0mpiferry.alone.{os.getppid()}")
    except OSError:
        return False
    return True


def check_started_alone(name: str) -> None:
    """Ends the program with 2, and one message of all ranks on this host, if a launcher started several of it."""
    rank = _rank_among_several()
    if rank is None:
        return
    if rank > 0:
        time.sleep(PATIENCE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as holder:
        if _is_first_of_siblings(holder):
            print(f"{name}: error: it was started by a launcher such as mpirun or srun, but it starts its jobs itself\n"
                  f"  hint: start it alone, as {name}", file=sys.stderr, flush=True)
            time.sleep(PATIENCE + 1)  # until the others have looked
    sys.exit(2)
