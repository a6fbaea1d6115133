"""In scripts of sbatch and shells of salloc the variables are those of a job, not of a rank."""

from __future__ import annotations

import json
import signal

from .slurm import SHARED, SlurmTest

SLOW = "mpiferry scatter --chunk-size 64K --window 1 --fault delay=500000 --json report.json source out"


class BatchScript(SlurmTest):
    def test_starts_ranks_and_works_alone(self) -> None:
        log = self.log_of(self.batch("""set -e
            srun --mpi=pmi2 mpiferry scatter -q source out
            mpirun mpiferry verify out
            mpiferry verify out
            mpiferry gather -q out copy
            mpiferry scatter source out2 || echo "status $?"
            """))
        self.expect_copy()
        self.assertIn("read by 4 ranks", log)
        self.assertIn("read by one rank", log)
        self.assertIn("status 7", log)
        self.assertIn("start it as: srun --mpi=pmi2", log)

    def test_of_another_step_works_alone(self) -> None:
        """sbatch passes on what srun has set for its task."""
        self.expect(0, self.srun("--mpi=pmi2", "-n3", "mpiferry", "scatter", "-q", "source", "out"))
        (SHARED / "job").write_text("#!/bin/bash\nenv\nmpiferry verify out\nmpiferry gather -q out copy\n")
        submit = f"[ $SLURM_PROCID != 2 ] || sbatch --parsable -n2 --output={SHARED}/log job"
        log = self.log_of(self.srun("-n3", "sh", "-c", submit).output.strip())
        self.assertIn("SLURM_STEP_NUM_TASKS=3", log)
        self.assertIn("read by one rank", log)
        self.expect_copy()

    def test_ends_in_order_when_it_is_cancelled(self) -> None:
        job = self.batch(f"srun --mpi=pmi2 {SLOW}")
        self.wait_until(lambda: list((SHARED / "out").glob("chunk_*.bin")))
        self.run_it("scancel", job)
        self.assertIn("interrupted (SIGTERM)", self.log_of(job))
        self.assertEqual(130, json.loads((SHARED / "report.json").read_text())["exit_code"])
        self.assertFalse((SHARED / "out/.mpiferry.job").exists())
        self.expect(0, self.srun("--mpi=pmi2", "-n3", "mpiferry", "scatter", "-q", "--resume", "--chunk-size", "64K",
                                 "source", "out"))


class Salloc(SlurmTest):
    def test_starts_ranks_and_works_alone(self) -> None:
        script = """srun --mpi=pmi2 mpiferry scatter -q source out && mpirun mpiferry verify out &&
            mpiferry verify out && mpiferry gather -q out copy"""
        ended = self.run_it("salloc", "--quiet", "-N2", "-n4", "bash", "-c", script)
        self.expect(0, ended, "read by 4 ranks", "read by one rank")
        self.expect_copy()

    def test_job_ends_in_order_after_one_interrupt_with_disable_status(self) -> None:
        job = self.slurm.start("srun", "--disable-status", "--mpi=pmi2", "-N2", "-n3", *SLOW.split())
        self.wait_until(lambda: list((SHARED / "out").glob("chunk_*.bin")))
        job.send_signal(signal.SIGINT)
        output, _ = job.communicate(timeout=20)
        self.assertEqual(130, job.returncode, output)
        self.assertIn("interrupted (SIGINT)", output)
