"""Where the measuring tools are, in an interpreter that has what they need."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"

sys.dont_write_bytecode = True
sys.path.insert(0, str(BENCH))

from mpiferry_bench.entry import need  # noqa: E402

need(Path(sys.argv[0]).name, "psutil")
