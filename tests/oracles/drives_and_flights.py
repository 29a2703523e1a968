"""The gpx and flights workbooks once more, in plain pandas, written from their pages and not from the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

KM_A_MILE = 1.609344
MEAN_RADIUS_KM = 6371.0088


def circle_km(lat1: pd.Series, lon1: pd.Series, lat2: pd.Series, lon2: pd.Series) -> pd.Series:
    """Great-circle kilometres on the mean sphere, through the chord between the two points' unit vectors."""
    a, b, c, d = (np.radians(v.to_numpy(dtype=float)) for v in (lat1, lon1, lat2, lon2))
    one = np.array([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
    two = np.array([np.cos(c) * np.cos(d), np.cos(c) * np.sin(d), np.sin(c)])
    chord = np.sqrt(((one - two) ** 2).sum(axis=0))
    return pd.Series(2 * MEAN_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1)), index=lat1.index)


def flights(folder: Path) -> dict[str, pd.DataFrame]:
    """Distances, Busiest and By carrier of flights.json, from its data folder."""
    flown = pd.read_csv(folder / "flights_2013-01.csv.gz")
    airports = pd.read_csv(folder / "airports.csv")
    airlines = pd.read_csv(folder / "airlines.csv")
    routes = flown.groupby(["origin", "dest"], sort=False, as_index=False).agg(
        **{"Flights": ("distance", "size"), "Bureau(mi)": ("distance", "max")}
    )
    routes = routes.merge(airports, left_on="origin", right_on="faa", how="left")
    routes = routes.merge(airports, left_on="dest", right_on="faa", how="left", suffixes=("_from", "_to"))
    circle = circle_km(routes["lat_from"], routes["lon_from"], routes["lat_to"], routes["lon_to"]) / KM_A_MILE
    distances = routes.assign(**{"Circle(mi)": circle, "Difference(mi)": circle - routes["Bureau(mi)"]})
    distances = distances.rename(columns={"name_to": "To"})
    shown = ["origin", "dest", "Flights", "Bureau(mi)", "To", "Circle(mi)", "Difference(mi)"]

    ends = [
        flown.rename(columns={place: "Airport", delay: "Delay"})[["Airport", "Delay"]]
        for place, delay in (("origin", "dep_delay"), ("dest", "arr_delay"))
    ]
    movements = pd.concat(ends, ignore_index=True)
    movements["Late"] = movements["Delay"] > 15
    movements["None"] = movements["Delay"].isna()
    busy = movements.groupby("Airport", as_index=False).agg(
        **{
            "Movements": ("Late", "size"),
            "Cancelled": ("None", "sum"),
            "Delay": ("Delay", "mean"),
            "Late share": ("Late", "mean"),
        }
    )
    busiest = busy.sort_values(["Movements", "Airport"], ascending=[False, True], ignore_index=True).head(10)

    named = flown.merge(airlines, on="carrier", how="left")
    carriers = pd.DataFrame(index=pd.Index(named["name"].unique(), name="name"))
    for origin in ("EWR", "JFK", "LGA"):
        groups = named[named["origin"] == origin].groupby("name")["arr_delay"]
        carriers[f"{origin}_delay"] = groups.mean()
        carriers[f"{origin}_flights"] = groups.size()  # null where the airline does not fly from there
    return {
        "Distances": distances[shown],
        "Busiest": busiest,
        "By carrier": carriers.reset_index(),
    }


def walked(moves: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Metres to the east and to the north by Heading (degrees from north) and Kilometres."""
    heading = np.radians(moves["Heading"])
    metres = 1000 * moves["Kilometres"]
    return metres * np.sin(heading), metres * np.cos(heading)


def displaced(moves: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Metres to the east and to the north by the two places, on a map that is flat over a few hundred metres."""
    degree = 1000 * MEAN_RADIUS_KM * np.pi / 180
    middle = np.radians((moves["Latitude"] + moves["Previous_Latitude"]) / 2)
    east = (moves["Longitude"] - moves["Previous_Longitude"]) * degree * np.cos(middle)
    return east, (moves["Latitude"] - moves["Previous_Latitude"]) * degree


def drive(points: pd.DataFrame, walking: float = 6, pause: float = 30) -> dict[str, pd.DataFrame]:
    """Summary and Pauses of gpx.json for one track of one segment, `Time` as dates."""
    points = points.sort_values("Time", kind="stable", ignore_index=True)
    before = points.shift()
    steps = pd.DataFrame(
        {
            "Kilometres": circle_km(before["Latitude"], before["Longitude"], points["Latitude"], points["Longitude"]),
            "Seconds": (points["Time"] - before["Time"]).dt.total_seconds(),
            "Rise": points["Elevation"] - before["Elevation"],
            "From": before["Time"],
            "Until": points["Time"],
        }
    ).iloc[1:]
    speed = steps["Kilometres"] / (steps["Seconds"] / 3600)
    standing = speed < walking
    moving = steps["Seconds"][~standing].sum() / 60
    summary = pd.DataFrame(
        {
            "Track": [points["Track"].iloc[0]],
            "Kilometres": [steps["Kilometres"].sum()],
            "Minutes": [steps["Seconds"].sum() / 60],
            "Moving minutes": [moving],
            "Average(km/h)": [steps["Kilometres"].sum() / (moving / 60)],
            "Top(km/h)": [speed.max()],
            "Climb": [steps["Rise"].clip(lower=0).sum()],
        }
    )
    stretch = (standing != standing.shift()).cumsum()
    runs = steps.assign(Standing=standing).groupby(stretch)
    stretches = runs.agg(
        Standing=("Standing", "max"),
        From=("From", "min"),
        Until=("Until", "max"),
        Seconds=("Seconds", "sum"),
        Kilometres=("Kilometres", "sum"),
    )
    found = stretches[stretches["Standing"] & (stretches["Seconds"] >= pause)]
    return {"Summary": summary, "Pauses": found.rename_axis("Stretch").reset_index()}
