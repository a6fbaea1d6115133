"""Jobs that do not get as far as their start."""

from __future__ import annotations

import shutil
from pathlib import Path

from .lab import LOCAL, SHARED, Lab


class AStart(Lab):
    def test_that_waits_for_a_host_says_so_once(self) -> None:
        self.make_source(1 << 20)
        slow = SHARED / "launch"
        fast = slow.read_text()
        slow.write_text(fast.replace("host=$1", 'host=$1; [[ $host == h3 ]] && sleep 12'))
        job = self.start("scatter", "-q", str(self.source), self.out)
        ended = job.wait(40)
        self.expect(0, ended)
        self.assertEqual(1, ended.output.count("still waiting for all ranks to start (MPI_Init)"), ended.output)
        self.assertEqual(1, len(ended.output.splitlines()), ended.output)

    def test_with_the_program_missing_on_one_host_says_so_and_can_be_interrupted(self) -> None:
        for host in self.cluster.hosts[:2]:
            shutil.copy(self.program, host.inside(LOCAL))
        program = LOCAL / Path(self.program).name
        job = self.start("scatter", "-q", str(self.source), self.out, program=program)
        self.wait_until(lambda: "still waiting for all ranks to start" in job.output(), "the message")
        self.assertIn("No such file", job.output())  # says the launcher
        job.interrupt()
        self.assertEqual([], job.wait(10).left)
