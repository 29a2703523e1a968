"""A fleet of vehicles whose drivers leave GPS events: what `simulate.py` writes to files.

How it drives. A vehicle's life is a chain of road legs. Each leg has a length, a speed limit (residential
30, arterial 45, motorway 65 mph), a heading (a street grid that the city tilts, or a motorway that roughly
keeps the trip's direction) and a slight bow. Along a leg the car speeds up, cruises and brakes at its
driver's rates, into a red light (stop and wait), a turn (slow) or straight on. So speed and place have
closed forms and a million events are a few array operations. Trips are cut where the car stops: between
trips lie more than 35 minutes, up to 6 days; inside a trip a stopover of 3 to 25 minutes may occur. A gap
of 30 minutes therefore gives back exactly the trips of the labels; a smaller gap gives more and shorter
ones. One trip in fifty is a car moved along the kerb: one to four events, too few for all features.

What the box does to it. A position error of about 3 m that changes slowly, plus 0.4 m of jitter; 0.5 % of
the events lack a coordinate or both; 0.3 % arrive twice; 0.5 % arrive up to two minutes late.

What it is not. No real roads, maps, weather, rush hours, weekends, parking garages or tunnels, no cars
that get in each other's way, no clock that drifts, no GPS jumps over kilometres, vehicles of one size. The
other drivers differ from the usual ones by the shift in `OTHER_STYLE` and nothing else: a model's score on
these data says something about the plumbing and nothing about real drivers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: rows that are made, ordered and written at a time; bounds the memory
BATCH_EVENTS = 500_000
#: events of one vehicle, about 27 trips; more events mean more vehicles
EVENTS_A_VEHICLE = 5_000
#: 2024-01-01 00:00 UTC, when the first cars may start
START = 1_704_067_200
#: seconds between two events of a box, one for each vehicle
INTERVALS = np.array([4, 5, 6])
#: where the vehicles live (degrees); homes lie within some 15 km
CITIES = np.array([[33.45, -112.07], [35.08, -106.65], [39.74, -104.99], [40.76, -111.89]])
METRES_A_DEGREE = 6_371_008.8 * np.pi / 180
MPH = 0.44704

#: residential, arterial, motorway: median leg in m, its log deviation, limit in m/s, how often a red light
LEG_MEDIAN = np.array([170.0, 420.0, 1900.0])
LEG_SPREAD = np.array([0.35, 0.45, 0.5])
LIMIT = np.array([30.0, 45.0, 65.0]) * MPH
RED_LIGHT = np.array([0.28, 0.33, 0.03])
ROAD_SHARES = np.array([0.5, 0.4, 0.1])

#: usual drivers: mean and deviation over drivers of pull-away (m/s2), braking (m/s2), speed over limit
STYLE = np.array([[1.7, 0.25], [2.0, 0.3], [0.98, 0.05]])
#: other drivers: the same, on average brisker; the two populations overlap
OTHER_STYLE = np.array([[2.2, 0.35], [2.7, 0.45], [1.05, 0.06]])

_EVENT_FIELDS: dict[str, Any] = {
    "Sensor_Code": pa.dictionary(pa.int32(), pa.string()),
    "Timestamp": pa.int64(),
    "Latitude": pa.float64(),
    "Longitude": pa.float64(),
    "Other_Driver": pa.int8(),
}
_LABEL_FIELDS: dict[str, Any] = {
    "Sensor_Code": pa.string(),
    "Trip_Start": pa.int64(),
    "Other_Driver": pa.int8(),
    "Events": pa.int64(),
}
EVENT_SCHEMA = pa.schema(_EVENT_FIELDS)
LABEL_SCHEMA = pa.schema(_LABEL_FIELDS)


@dataclass(frozen=True, slots=True)
class Options:
    """What a simulation depends on.

    Args:
        events: rows of the file, duplicates included.
        seed: any integer from 0; the same one gives the same events.
        vehicles: how many boxes send; 0 means one for each 5,000 events, at least 4.
        others: share of the trips with another driver, 0 to 1, on average over vehicles.
        missing: share of the events that lack Latitude, Longitude or both.
        duplicates: share of the rows that repeat an event.
        late: share of the events that arrive 10 to 120 s late and so out of order.
    """

    events: int
    seed: int = 7
    vehicles: int = 0
    others: float = 0.2
    missing: float = 0.005
    duplicates: float = 0.003
    late: float = 0.005

    def fleet(self) -> int:
        """How many vehicles there are."""
        return self.vehicles or max(4, round(self.events / EVENTS_A_VEHICLE))


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows and trips of some vehicles, as Arrow tables."""

    events: pa.Table
    labels: pa.Table


@dataclass(frozen=True, slots=True)
class Legs:
    """The road legs of some vehicles: every array is vehicles by legs."""

    trip: Ints  # number of the leg's trip in its vehicle's life
    pause: Ints  # seconds parked behind the leg, silent
    east: Floats  # unit vector of the heading
    north: Floats
    length: Floats  # metres
    bow: Floats  # metres to the side, at half way
    entry: Floats  # m/s
    peak: Floats
    pull: Floats  # m/s2
    brake: Floats
    wait: Floats  # seconds at the red light behind it


def _trips(rng: np.random.Generator, vehicles: int, legs: int) -> tuple[Ints, Flags]:
    """Cut each vehicle's chain of legs into trips: number of the trip, and whether a leg is its last."""
    count = legs // 12 + 30
    sizes = np.rint(rng.lognormal(np.log(27.0), 0.65, (vehicles, count))).astype(np.int64).clip(2, 400)
    sizes[rng.random((vehicles, count)) < 0.02] = 1  # moved along the kerb
    last = np.cumsum(sizes, axis=1) - 1
    ends = np.zeros((vehicles, legs), dtype=bool)
    rows, columns = np.nonzero(last < legs)
    ends[rows, last[rows, columns]] = True
    return np.cumsum(ends, axis=1) - ends, ends


def _pauses(rng: np.random.Generator, ends: Flags, stopover: Flags) -> Ints:
    """Seconds parked behind each leg: over 35 minutes between trips, under 25 inside one."""
    pause = np.zeros(ends.shape, dtype=np.int64)
    long = rng.lognormal(np.log(3 * 3600.0), 1.1, int(ends.sum()))
    pause[ends] = long.clip(2_160, 6 * 86_400).astype(np.int64)
    short = stopover & ~ends
    pause[short] = rng.integers(180, 1_500, int(short.sum()))
    return pause


def _headings(rng: np.random.Generator, trip: Ints, road: Ints, aims: Floats, tilt: Floats) -> tuple[Floats, Flags]:
    """Heading of each leg in radians, and whether it turns off from the leg before.

    Streets keep to the city's tilted grid, motorways to the trip's aim; nobody makes a U-turn.
    """
    aim = np.take_along_axis(aims, trip, axis=1)
    drift = rng.standard_normal(trip.shape, dtype=np.float32)
    quarter = np.rint((aim - tilt + 0.75 * drift) / (np.pi / 2)).astype(np.int64)
    around = (quarter[:, 1:] - quarter[:, :-1]) % 4 == 2
    quarter[:, 1:][around] += 1
    heading = tilt + quarter * (np.pi / 2)
    heading = np.where(road == 2, aim + 0.12 * drift, heading)
    turns = np.zeros(trip.shape, dtype=bool)
    turns[:, 1:] = np.cos(heading[:, 1:] - heading[:, :-1]) < 0.7
    return heading, turns


def _styles(rng: np.random.Generator, other: Flags) -> Floats:
    """Style of each trip's driver (3 by vehicles by trips): the owner's own, or some other driver's."""
    vehicles, trips = other.shape
    owner = STYLE[:, 0, None] + STYLE[:, 1, None] * rng.standard_normal((3, vehicles))
    stranger = OTHER_STYLE[:, 0, None, None] + OTHER_STYLE[:, 1, None, None] * rng.standard_normal((3, vehicles, trips))
    style = np.where(other[None], stranger, owner[:, :, None])
    style *= 1 + 0.05 * rng.standard_normal(style.shape)  # nobody drives alike every day
    return style.clip(np.array([0.8, 1.0, 0.75])[:, None, None], np.array([3.8, 4.8, 1.3])[:, None, None])


def _legs(rng: np.random.Generator, vehicles: int, legs: int, others: float) -> tuple[Legs, Flags]:
    """Draw the legs of some vehicles, and for each of their trips whether another driver drives."""
    shape = (vehicles, legs)
    trip, ends = _trips(rng, vehicles, legs)
    trips = int(trip.max()) + 1
    share = rng.beta(2.0, 2.0 / others - 2.0, (vehicles, 1)) if 0 < others < 1 else others
    other = rng.random((vehicles, trips)) < share
    pull, brake, over = (np.take_along_axis(style, trip, axis=1) for style in _styles(rng, other))

    # every second trip leads home again, so that nobody drives off the map
    aims = rng.uniform(0, 2 * np.pi, (vehicles, trips))
    back = aims[:, 1::2]
    back[:] = aims[:, 0::2][:, : back.shape[1]] + np.pi

    # the kind of road changes every five legs
    kind = rng.choice(3, size=(vehicles, legs // 5 + 1), p=ROAD_SHARES)
    road = np.repeat(kind, 5, axis=1)[:, :legs]
    heading, turns = _headings(rng, trip, road, aims, rng.uniform(0, np.pi / 2, (vehicles, 1)))
    normal = rng.standard_normal(shape, dtype=np.float32)
    length = LEG_MEDIAN[road] * np.exp(LEG_SPREAD[road] * normal)
    kerb = ends.copy()  # trips of one leg
    kerb[:, 1:] &= ends[:, :-1]
    length[kerb] = rng.uniform(4.0, 40.0, int(kerb.sum()))
    cruise = LIMIT[road] * over * (1 + 0.04 * rng.standard_normal(shape, dtype=np.float32))

    chance = rng.random(shape, dtype=np.float32)
    stopover = chance < 0.004
    light = (chance < RED_LIGHT[road]) & ~stopover
    stops = ends | stopover | light
    wait = np.where(light & ~ends, rng.lognormal(np.log(16.0), 0.6, shape), 0.0).clip(0, 110)

    # speed at which the car passes from a leg into the next: what both legs and the junction allow
    reach = np.sqrt(np.minimum(pull, brake) * length)
    exit_ = np.minimum(cruise, reach)
    exit_[:, :-1] = np.minimum(exit_[:, :-1], exit_[:, 1:])
    slow = rng.uniform(4.0, 7.5, shape)
    exit_[:, :-1] = np.where(turns[:, 1:], np.minimum(exit_[:, :-1], slow[:, :-1]), exit_[:, :-1])
    exit_[stops] = 0.0
    entry = np.zeros(shape)
    entry[:, 1:] = exit_[:, :-1]
    peak = np.sqrt((2 * pull * brake * length + brake * entry**2 + pull * exit_**2) / (pull + brake))

    return Legs(
        trip=trip,
        pause=_pauses(rng, ends, stopover),
        east=np.cos(heading),
        north=np.sin(heading),
        length=length,
        bow=0.05 * length * rng.standard_normal(shape, dtype=np.float32),
        entry=entry,
        peak=np.minimum(peak, cruise),
        pull=pull,
        brake=brake,
        wait=wait,
    ), other


@dataclass(frozen=True, slots=True)
class _Motion:
    """When the parts of each leg begin (seconds from the leg's start) and what they cover (metres)."""

    rising: Floats
    cruising: Floats
    falling: Floats
    risen: Floats
    whole: Floats  # seconds, the wait included


def _motion(legs: Legs) -> _Motion:
    """Times and lengths of pulling away, cruising and braking on each leg."""
    leave = np.zeros(legs.entry.shape)
    leave[:, :-1] = legs.entry[:, 1:]
    rising = (legs.peak - legs.entry) / legs.pull
    falling = (legs.peak - leave) / legs.brake
    risen = (legs.peak + legs.entry) / 2 * rising
    fallen = (legs.peak + leave) / 2 * falling
    cruising = (legs.length - risen - fallen).clip(0) / legs.peak
    return _Motion(rising, cruising, falling, risen, rising + cruising + falling + legs.wait)


def _way(legs: Legs, motion: _Motion, leg: Ints, seconds: Floats) -> Floats:
    """Metres driven on its leg by each event, which lies `seconds` behind the leg's start."""
    rising, cruising = motion.rising.ravel()[leg], motion.cruising.ravel()[leg]
    up = np.minimum(seconds, rising)
    seconds = seconds - up
    level = np.minimum(seconds, cruising)
    seconds -= level
    down = np.minimum(seconds, motion.falling.ravel()[leg])
    metres = (legs.entry.ravel()[leg] + 0.5 * legs.pull.ravel()[leg] * up) * up
    metres += legs.peak.ravel()[leg] * (level + down)
    metres -= 0.5 * legs.brake.ravel()[leg] * down * down
    return metres


def _noise(rng: np.random.Generator, count: int) -> Floats:
    """Position error of a receiver in metres: a slow part (about 3 m) and a quick one (0.4 m)."""
    taps = 0.8 ** np.arange(14)
    white = rng.standard_normal(count + taps.size - 1, dtype=np.float32).astype(np.float64)
    slow = np.convolve(white, taps / np.sqrt((taps**2).sum()), mode="valid")
    return 3.0 * slow + 0.4 * white[:count]


def _enough(
    rng: np.random.Generator, quota: Ints, interval: Ints, others: float
) -> tuple[Legs, Flags, _Motion, Floats]:
    """Draw legs until every vehicle drives long enough for its quota of events."""
    legs = int((quota * interval).max() / 20) + 64
    while True:
        drawn, other = _legs(rng, quota.size, legs, others)
        motion = _motion(drawn)
        until = np.cumsum(motion.whole, axis=1)
        if np.all(until[:, -1] > quota * interval):
            return drawn, other, motion, until
        legs *= 2


def _degrees(
    rng: np.random.Generator, legs: Legs, motion: _Motion, leg: Ints, seconds: Floats
) -> tuple[Floats, Floats]:
    """Latitude and longitude of each event as the box reports it, before coordinates go missing."""
    vehicles, size = legs.length.shape
    home = CITIES[rng.integers(0, len(CITIES), vehicles)] + rng.normal(0, 0.07, (vehicles, 2))
    metres = _way(legs, motion, leg, seconds)
    part = metres / legs.length.ravel()[leg]
    side = 4 * legs.bow.ravel()[leg] * part * (1 - part)
    east, north = legs.east.ravel()[leg], legs.north.ravel()[leg]

    def start(direction: Floats) -> Floats:
        moved = legs.length * direction
        return np.cumsum(moved, axis=1) - moved

    x = start(legs.east).ravel()[leg] + metres * east - side * north + _noise(rng, leg.size)
    y = start(legs.north).ravel()[leg] + metres * north + side * east + _noise(rng, leg.size)
    vehicle = leg // size
    latitude = home[vehicle, 0] + y / METRES_A_DEGREE
    wide = METRES_A_DEGREE * np.cos(np.radians(home[:, 0]))
    return latitude, home[vehicle, 1] + x / wide[vehicle]


def simulate_batch(options: Options, number: int, first: int, quota: Ints, rows: int) -> Batch:
    """Simulate some vehicles from `first` on, `quota[i]` events each, as `rows` rows in order of arrival.

    Args:
        options: seed and rates.
        number: of the batch; with the seed it fixes every random draw.
        first: number of the first vehicle.
        quota: events of each vehicle before duplicates.
        rows: events and duplicates together, at least the sum of `quota`.

    Returns:
        The events and the labels of their trips.
    """
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence([options.seed, number])))
    interval = rng.choice(INTERVALS, quota.size)
    legs, other, motion, until = _enough(rng, quota, interval, options.others)

    # a box counts its own driving time: event k lies on the leg that is under way at k intervals
    reached = np.minimum(np.ceil(until / interval[:, None]).astype(np.int64), quota[:, None])
    counts = np.diff(reached, axis=1, prepend=0)
    leg = np.repeat(np.arange(counts.size), counts.ravel())
    vehicle = leg // counts.shape[1]
    tick = np.arange(leg.size) - np.repeat(np.cumsum(quota) - quota, quota)
    driven = tick * interval[vehicle]
    begun = until - motion.whole
    latitude, longitude = _degrees(rng, legs, motion, leg, driven - begun.ravel()[leg])

    parked = np.cumsum(legs.pause, axis=1) - legs.pause
    departed = START + rng.integers(0, 2 * 86_400, quota.size)
    stamp = departed[vehicle] + driven + parked.ravel()[leg]
    trip = legs.trip.ravel()[leg]
    stranger = other[vehicle, trip].astype(np.int8)

    names = pa.array([f"S{first + i:06d}" for i in range(quota.size)])
    labels = _labels(names, vehicle, trip, stamp, stranger)

    blind = rng.random(leg.size, dtype=np.float32) / np.float32(max(options.missing, 1e-12))
    no_latitude, no_longitude = blind < 0.75, (blind < 0.5) | ((blind >= 0.75) & (blind < 1))

    arrival = stamp - START + rng.integers(0, 2, leg.size)
    late = rng.random(leg.size, dtype=np.float32) < options.late
    arrival[late] += rng.integers(10, 121, int(late.sum()))
    again = rng.integers(0, leg.size, rows - leg.size)
    source = np.concatenate([np.arange(leg.size), again])
    arrival = np.concatenate([arrival, arrival[again] + rng.integers(0, 60, again.size)])
    # arrival and row number in one key: a stable order at the price of a plain sort
    key = np.sort((arrival << 24) | np.arange(rows))
    order = source[key & 0xFFFFFF]

    columns: list[Any] = [
        pa.DictionaryArray.from_arrays(pa.array(vehicle[order].astype(np.int32)), names),
        pa.array(stamp[order]),
        pa.array(np.round(latitude, 6)[order], mask=no_latitude[order]),
        pa.array(np.round(longitude, 6)[order], mask=no_longitude[order]),
        pa.array(stranger[order]),
    ]
    return Batch(pa.Table.from_arrays(columns, schema=EVENT_SCHEMA), labels)


def _labels(names: pa.StringArray, vehicle: Ints, trip: Ints, stamp: Ints, stranger: npt.NDArray[np.int8]) -> pa.Table:
    """One row a trip: events come ordered by vehicle and time, so a trip begins where either changes."""
    begins = np.ones(vehicle.size, dtype=bool)
    begins[1:] = (vehicle[1:] != vehicle[:-1]) | (trip[1:] != trip[:-1])
    at = np.flatnonzero(begins)
    columns: list[Any] = [
        names.take(vehicle[at]),
        pa.array(stamp[at]),
        pa.array(stranger[at]),
        pa.array(np.diff(at, append=vehicle.size)),
    ]
    return pa.Table.from_arrays(columns, schema=LABEL_SCHEMA)


def _plan(options: Options) -> Iterator[tuple[int, int, Ints, int]]:
    """Cut the fleet into batches: number, first vehicle, events of each vehicle, rows."""
    fleet = options.fleet()
    batches = max(1, -(-options.events // BATCH_EVENTS))
    batches = min(batches, fleet)
    for number in range(batches):
        first, until = fleet * number // batches, fleet * (number + 1) // batches
        rows = options.events * until // fleet - options.events * first // fleet
        base = rows - round(rows * options.duplicates)
        quota = np.full(until - first, base // (until - first), dtype=np.int64)
        quota[: base - int(quota.sum())] += 1
        yield number, first, quota, rows


def simulate(options: Options, threads: int = 1) -> Iterator[Batch]:
    """Simulate a fleet batch by batch; memory does not grow with the number of events.

    Args:
        options: size, seed and rates.
        threads: batches made at a time; never changes a value.

    Yields:
        Batches in order, together `options.events` rows.

    Raises:
        ValueError: a size or rate makes no sense.
    """
    if options.events < 4 * options.fleet() or options.seed < 0:
        raise ValueError("at least four events a vehicle are needed, and a seed from 0")
    for name in ("others", "missing", "duplicates", "late"):
        if not 0 <= getattr(options, name) < 1:
            raise ValueError(f"{name} is a share from 0 to below 1, not {getattr(options, name)}")
    with ThreadPoolExecutor(max_workers=threads) as pool:
        running: deque[Future[Batch]] = deque()
        for number, first, quota, rows in _plan(options):
            running.append(pool.submit(simulate_batch, options, number, first, quota, rows))
            if len(running) > threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
