#!/usr/bin/env python3
"""The gate's rule against made-up machines. docs/guide/ci.md describes it."""

import sys
from pathlib import Path

sys.dont_write_bytecode = True  # this folder is source only
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mpiferry_bench.regression.simulation import main  # noqa: E402

sys.exit(main())
