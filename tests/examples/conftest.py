"""What tests of the examples share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated events: 20,000 of them, seed 7."""
    path = tmp_path_factory.mktemp("events") / "events.parquet"
    simulate = ROOT / "examples" / "telematics" / "simulate.py"
    options = ["--events", "20000", "--seed", "7", "--out", str(path)]
    subprocess.run([sys.executable, str(simulate), *options], check=True, capture_output=True)
    return path
