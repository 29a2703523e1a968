"""Row formulas over dates: their parts, whole hours between two of them, and the starts of months."""

from typing import Any

import pandas as pd

from benchmarks import data, sides
from benchmarks.harness import Case

ROWS = 10_000_000
PARTS = {"year": "YEAR(#d)", "month": "MONTH(#d)", "day": "DAY(#d)", "hour": "HOUR(#d)"}
SPANS = {"hours": 'DATEDIFF(#d;#e;"h")', "month": "STARTOFMONTH(#d)"}


def _spans_pandas(t: Any) -> Any:
    month = t["d"].to_numpy().astype("datetime64[M]").astype("datetime64[us]")
    return pd.DataFrame({"hours": (t["e"] - t["d"]) // pd.Timedelta(hours=1), "month": month}, copy=False)


CASES = [
    Case(
        name="year, month, day, hour",
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.dates(rows)},
        sides={
            "sheetline": sides.columns(PARTS),
            "pandas": sides.pandas(
                lambda t: pd.DataFrame({name: getattr(t["d"].dt, name) for name in PARTS}, copy=False)
            ),
            "polars": sides.polars(
                lambda pl, lazy: lazy.select(**{name: getattr(pl.col("d").dt, name)() for name in PARTS})
            ),
            "duckdb": sides.duckdb(f"SELECT {', '.join(f'{name}(d) AS {name}' for name in PARTS)} FROM t"),
        },
    ),
    Case(
        name="hours between, start of month",
        family="row formulas",
        rows=ROWS,
        prepare=lambda rows: {"t": data.dates(rows)},
        sides={
            "sheetline": sides.columns(SPANS),
            "pandas": sides.pandas(_spans_pandas),
            "polars": sides.polars(
                lambda pl, lazy: lazy.select(
                    hours=(pl.col("e") - pl.col("d")).dt.total_hours(),
                    month=pl.col("d").dt.truncate("1mo"),
                )
            ),
            "duckdb": sides.duckdb(
                "SELECT date_sub('hour', d, e) AS hours, date_trunc('month', d)::TIMESTAMP AS month FROM t"
            ),
        },
    ),
]
