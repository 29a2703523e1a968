"""Turn the tracks of a GPX file into CSV, one row a point.

    pip install gpxpy==1.6.2
    python examples/gpx/gpx_to_csv.py examples/gpx/data/around-visnjan-with-car.gpx examples/gpx/data/track.csv

Columns: Track (name, or its number), Segment (from 1), Time (ISO 8601, UTC; empty where the point has none), Latitude
and Longitude (degrees), Elevation (metres).
"""

from __future__ import annotations

import argparse
import csv
from datetime import UTC
from pathlib import Path

import gpxpy


def main() -> None:
    """Convert the file named on the command line."""
    parser = argparse.ArgumentParser(description="Turn the tracks of a GPX file into CSV.")
    parser.add_argument("gpx", type=Path)
    parser.add_argument("csv", type=Path)
    given = parser.parse_args()
    with given.gpx.open(encoding="utf-8") as file:
        tracks = gpxpy.parse(file).tracks
    with given.csv.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Track", "Segment", "Time", "Latitude", "Longitude", "Elevation"])
        for number, track in enumerate(tracks, 1):
            for part, segment in enumerate(track.segments, 1):
                for point in segment.points:
                    at = point.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if point.time else ""
                    place = [point.latitude, point.longitude, point.elevation]
                    writer.writerow([track.name or number, part, at, *place])


if __name__ == "__main__":
    main()
