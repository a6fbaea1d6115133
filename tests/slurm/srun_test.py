"""srun starts the ranks: with PMI they are one job, without they say what is missing."""

from __future__ import annotations

from .slurm import SHARED, SlurmTest

PMI = ("--mpi=pmi2", "-N2", "-n4")
ROUNDS = 5  # of those whose end is told to Slurm by mpiferry itself, as MPI_Finalize may hang


class Srun(SlurmTest):
    def scatter(self) -> None:
        self.expect(0, self.srun(*PMI, "mpiferry", "scatter", "-q", "--force", "source", "out"))

    def test_with_pmi2_moves_files(self) -> None:
        self.scatter()
        self.expect(0, self.srun(*PMI, "mpiferry", "verify", "out"), "read by 4 ranks")
        self.expect(0, self.srun(*PMI, "mpiferry", "gather", "out", "copy"))
        self.expect_copy()

    def test_returns_the_status_of_the_job(self) -> None:
        for _ in range(ROUNDS):
            self.scatter()
            self.expect(2, self.srun(*PMI, "mpiferry", "scatter", "--window", "0", "source", "out"), "--window")
        self.expect(3, self.srun(*PMI, "mpiferry", "scatter", "missing", "out"))
        self.expect(4, self.srun(*PMI, "mpiferry", "scatter", "source", "out"))
        self.expect(3, self.srun("-K", *PMI, "mpiferry", "scatter", "missing", "out"))

    def test_with_another_pmi_says_what_it_needs_on_each_host(self) -> None:
        for kind in ("none", "pmix"):
            ended = self.srun(f"--mpi={kind}", "-N2", "-n4", "mpiferry", "scatter", "source", "out")
            if "Couldn't find" in ended.output or "Invalid MPI type" in ended.output:
                continue  # this Slurm was built without it
            self.expect(7, ended, "srun started 4 separate programs", "srun --mpi=pmi2", errors=2)
            self.assertFalse((SHARED / "out").exists())

    def test_is_told_why_by_another_rank_where_rank_0_is_another_program(self) -> None:
        (SHARED / "programs").write_text("0 true\n1-2 mpiferry verify out\n")
        self.expect(7, self.srun("-N1", "-n3", "--multi-prog", "programs"), "srun started 3 separate programs")

    def test_starts_scripts_that_verify_alone(self) -> None:
        self.scatter()
        ended = self.srun("-N1", "-n2", "sh", "-c", "mpiferry verify out; exit $?")
        self.expect(0, ended)
        self.assertEqual(2, ended.output.count("read by one rank"), ended.output)

    def test_serves_one_mpiferry_after_the_other(self) -> None:
        self.scatter()
        self.expect(0, self.srun("--mpi=pmi2", "-N1", "-n2", "sh", "-c", "mpiferry verify -q out && mpiferry verify -q out"))

    def test_hands_standard_input_to_rank_0_alone(self) -> None:
        ended = self.shell("cat source | srun -Q --input=0 --mpi=pmi2 -N2 -n4 mpiferry scatter - out")
        self.expect(0, ended)
        self.assertNotIn("warning", ended.output)
        small = self.shell("echo | srun -Q --mpi=pmi2 -N2 -n4 mpiferry scatter --force - out")
        self.expect(0, small, "srun --input=0")

    def test_is_a_launcher_of_the_bench(self) -> None:
        words = ("--chunks", "64K", "--ranks", "3", "--windows", "1", "--size", "1M", "--repetitions", "1",
                 "--sink", "discard", "--target", str(SHARED), "--out", str(SHARED / "results"))
        self.expect(0, self.run_it("mpiferry", "bench", "--launcher", "srun --mpi=pmi2 -n {ranks}", *words))
        refused = self.run_it("mpiferry", "bench", "--launcher", "srun --mpi=none -n {ranks}", "--fresh", *words)
        self.assertEqual(2, refused.status, refused.output)
        self.assertIn("srun --mpi=pmi2", refused.output)
