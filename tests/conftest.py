"""Shared set-up of the tests: hypothesis profiles and the folders of test helpers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

_HERE = Path(__file__).parent
for _folder in ("", "functions", "formulas", "workbook", "oracles", "properties"):
    sys.path.insert(0, str(_HERE / _folder))

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "dev")
