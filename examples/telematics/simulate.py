"""Simulate the GPS events of a fleet: honest, seeded, streamed, from 10 thousand to 50 million events.

    python examples/telematics/simulate.py --events 50000 --seed 7 --out data/events.parquet

The suffix of ``--out`` chooses the format (``.parquet``, ``.csv``, ``.csv.gz``). Beside the events the
truth is written to ``labels.csv``: one row a trip, under the keys that the workbook finds by itself.

Columns of the events (as telematics boxes send them, in order of arrival):

=============  =======  ==========================================================================
Sensor_Code    string   the box, which is the VEHICLE and not the driver
Timestamp      integer  seconds since 1970-01-01 UTC
Latitude       float    degrees, 6 decimals, null where the box had no fix
Longitude      float    degrees, 6 decimals, null where the box had no fix
Other_Driver   integer  1 where somebody else than the usual driver was driving, else 0
=============  =======  ==========================================================================

Columns of the labels: Sensor_Code, Trip_Start (the first event's seconds), Other_Driver, Events (without
duplicates).

How the cars drive, what the box does to the data and what this is not: see `fleet.py`.

The same seed, size and rates give the same values, for any number of threads; on another machine or numpy
version a coordinate may differ in its sixth decimal.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from fleet import EVENT_SCHEMA, LABEL_SCHEMA, Options, simulate


class _Writer(Protocol):
    """What Arrow's writers of Parquet and CSV have in common."""

    def write_table(self, table: pa.Table) -> None:
        """Append the rows of a table."""


def _csv(path: Path, schema: pa.Schema, stack: ExitStack) -> _Writer:
    """Open a CSV writer, with gzip where the name says so."""
    from pyarrow import csv

    sink: Any = stack.enter_context(
        pa.CompressedOutputStream(str(path), "gzip") if path.suffix == ".gz" else path.open("wb")
    )
    options = csv.WriteOptions(quoting_style="none")
    writer: _Writer = stack.enter_context(csv.CSVWriter(sink, schema, write_options=options))
    return writer


def _open(path: Path, stack: ExitStack) -> _Writer:
    """Open the events' writer by suffix."""
    if path.suffix == ".parquet":
        from pyarrow import parquet

        coded: Any = ["Sensor_Code", "Other_Driver"]  # times and places hardly repeat
        writer: _Writer = stack.enter_context(
            parquet.ParquetWriter(path, EVENT_SCHEMA, compression="zstd", use_dictionary=coded)
        )
        return writer
    if path.name.endswith((".csv", ".csv.gz")):
        plain = pa.schema(
            [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in EVENT_SCHEMA]
        )
        return _csv(path, plain, stack)
    raise ValueError(f"{path.name}: the name must end in .parquet, .csv or .csv.gz")


def write(options: Options, out: Path, labels: Path | None = None, threads: int = 1) -> int:
    """Simulate into a file of events and a file of labels.

    Args:
        options: size, seed and rates.
        out: the events; the suffix .parquet, .csv or .csv.gz chooses the format.
        labels: the truth, CSV; by default `labels.csv` beside the events.
        threads: batches made at a time.

    Returns:
        How many trips there are.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    trips = 0
    with ExitStack() as stack:
        events_writer = _open(out, stack)
        labels_writer = _csv(labels or out.parent / "labels.csv", LABEL_SCHEMA, stack)
        for batch in simulate(options, threads):
            table = batch.events
            if out.suffix != ".parquet":
                table = table.set_column(0, "Sensor_Code", table.column(0).cast(pa.string()))
            events_writer.write_table(table)
            labels_writer.write_table(batch.labels)
            trips += batch.labels.num_rows
    return trips


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=50_000, help="rows of the file (default 50000)")
    parser.add_argument("--seed", type=int, default=7, help="any integer from 0 (default 7)")
    parser.add_argument("--out", type=Path, required=True, help="events: .parquet, .csv or .csv.gz")
    parser.add_argument("--labels", type=Path, help="truth a trip (default: labels.csv beside the events)")
    parser.add_argument("--vehicles", type=int, default=0, help="boxes (default: one for each 5000 events)")
    parser.add_argument("--others", type=float, default=0.2, help="share of trips by another driver (0.2)")
    parser.add_argument("--missing", type=float, default=0.005, help="share of events without a fix (0.005)")
    parser.add_argument("--duplicates", type=float, default=0.003, help="share of repeated rows (0.003)")
    parser.add_argument("--late", type=float, default=0.005, help="share of events that arrive late (0.005)")
    parser.add_argument("--threads", type=int, default=2, help="never changes a value (default 2)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; 2 for a call that makes no sense."""
    given = _arguments(argv)
    options = Options(
        given.events, given.seed, given.vehicles, given.others, given.missing, given.duplicates, given.late
    )
    began = time.perf_counter()
    try:
        trips = write(options, given.out, given.labels, given.threads)
    except ValueError as problem:
        print(f"simulate: {problem}", file=sys.stderr)
        return 2
    took = time.perf_counter() - began
    made = f"{options.events:,} events of {options.fleet():,} vehicles, {trips:,} trips"
    print(f"{given.out}: {made}, {took:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
