"""What does the county look like? An outline, grids that tile it, villages and towns that hold together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from etl import coordinates
from etl.demo.clock import Floats, Ints

LON, LAT = 112.6, 37.8
HALF_WIDTH_KM, HALF_HEIGHT_KM = 25.0, 21.0
KM_PER_DEGREE = 111.32
SNAP = 1e-6
"""Vertices lie on this lattice (degrees): six decimals lose nothing and neighbours keep touching."""

STREETS, MARKET_TOWNS, RURAL_TOWNS = 3, 6, 4
TOWNS = STREETS + MARKET_TOWNS + RURAL_TOWNS

Adjacency = dict[tuple[int, int], float]


@dataclass(frozen=True)
class Geography:
    """Grid polygons in degrees with the village and town of each; streets come first, then 镇, then 乡."""

    grids: Any
    village_of_grid: Ints
    town_of_village: Ints
    seat: tuple[float, float]


def _to_degrees(points: Floats) -> Floats:
    scale = np.array([KM_PER_DEGREE * np.cos(np.radians(LAT)), KM_PER_DEGREE])
    return np.asarray(points / scale + np.array([LON, LAT]))


PointsCrs = Literal["WGS84", "GCJ02", "BD09", "swapped"]
"""In which system a demo export writes its points, whatever its mapping says; swapped: latitude where 经度 belongs."""


def as_written(points: Floats, crs: PointsCrs) -> Floats:
    """WGS-84 points (lon, lat) as the two columns of an export give them."""
    lon, lat = points.T
    if crs == "swapped":
        lon, lat = lat, lon
    elif crs != "WGS84":
        lon, lat = coordinates.wgs_to_gcj(lon, lat)
        lon, lat = coordinates.gcj_to_bd(lon, lat) if crs == "BD09" else (lon, lat)
    return np.column_stack([lon, lat])


def to_km(points: Floats) -> Floats:
    """Degrees to kilometres east and north of the county's middle."""
    scale = np.array([KM_PER_DEGREE * np.cos(np.radians(LAT)), KM_PER_DEGREE])
    return np.asarray((points - np.array([LON, LAT])) * scale)


def _outline(rng: np.random.Generator) -> Any:
    """A star-shaped polygon (km) with bays and spurs at every scale: a county, not a disc."""
    angle = np.linspace(0, 2 * np.pi, 540, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 70):
        size = 0.34 / wave**1.05 if wave < 9 else 0.42 / wave**1.25
        radius += size * rng.normal() * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.5, None)
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    low, high = ring.min(axis=0), ring.max(axis=0)
    return shapely.Polygon((2 * (ring - low) / (high - low) - 1) * [HALF_WIDTH_KM, HALF_HEIGHT_KM])


def _inside(rng: np.random.Generator, area: Any, *, count: int) -> Floats:
    low_x, low_y, high_x, high_y = area.bounds
    found = np.empty((0, 2))
    while len(found) < count:
        draft = rng.uniform([low_x, low_y], [high_x, high_y], (4 * count, 2))
        found = np.vstack([found, draft[shapely.contains_xy(area, draft[:, 0], draft[:, 1])]])
    return found[:count]


def _town_centres(rng: np.random.Generator, area: Any) -> Floats:
    """Three streets around a county seat; the others far from one another (best of many candidates)."""
    core = area.buffer(-4.0)
    seat = min(_inside(rng, core, count=60).tolist(), key=lambda p: float(np.hypot(p[0], p[1])))
    turn = rng.uniform(0, 2 * np.pi) + np.arange(STREETS) * 2 * np.pi / STREETS
    centres = [[seat[0] + 1.5 * np.cos(t), seat[1] + 1.5 * np.sin(t)] for t in turn]
    while len(centres) < TOWNS:
        candidates = _inside(rng, area.buffer(-2.0), count=40)
        gaps = np.hypot(*(candidates[:, None, :] - np.array(centres)[None, :, :]).transpose(2, 0, 1))
        centres.append(candidates[gaps.min(axis=1).argmax()].tolist())
    return np.array(centres)


def _seeds(rng: np.random.Generator, area: Any, *, centres: Floats, count: int) -> Floats:
    """Grid seeds: crowded in the seat, clustered round the towns, thin in the hills."""
    share = [0.10] * STREETS + [0.038] * MARKET_TOWNS + [0.022] * RURAL_TOWNS
    width = [1.0] * STREETS + [1.9] * MARKET_TOWNS + [1.7] * RURAL_TOWNS
    parts = []
    for centre, part, sigma in zip(centres, share, width, strict=True):
        cloud = rng.normal(centre, sigma, (6 * int(part * count), 2))
        kept = cloud[shapely.contains_xy(area, cloud[:, 0], cloud[:, 1])]
        parts.append(kept[: int(part * count)])
    missing = count - sum(map(len, parts))
    return np.vstack([*parts, _inside(rng, area, count=missing)])


def _cells(seeds: Floats, area: Any) -> Any:
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=area.envelope, ordered=True)
    return shapely.intersection(shapely.get_parts(cells), area)


def _relaxed(seeds: Floats, area: Any, *, rounds: int) -> Floats:
    for _ in range(rounds):
        seeds = shapely.get_coordinates(shapely.centroid(_cells(seeds, area)))
    return seeds


def _wobbly(rng: np.random.Generator, start: Floats, end: Floats) -> Any:
    """Straight Voronoi edges as lines that wander a little, as lanes and ditches do."""
    points = [start, end]
    for _ in range(2):
        finer = [points[0]]
        for left, right in pairwise(points):
            along = right - left
            side = np.column_stack([-along[:, 1], along[:, 0]])
            finer += [(left + right) / 2 + side * rng.normal(0, 0.07, (len(side), 1)), right]
        points = finer
    return shapely.linestrings(np.stack([_to_degrees(p) for p in points], axis=1))


def _faces(rng: np.random.Generator, seeds: Floats, area: Any) -> Any:
    """The plane cut by all borders at once: every face's vertices are shared with its neighbours."""
    edges = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=area.envelope, only_edges=True)
    lines = shapely.get_parts(shapely.get_parts(edges))
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    ring = shapely.LineString(_to_degrees(shapely.get_coordinates(area.exterior)))
    noded = shapely.union_all([*_wobbly(rng, ends[:, 0], ends[:, 1]), ring], grid_size=SNAP)
    faces = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(noded))))
    county = shapely.Polygon(shapely.get_coordinates(ring))
    return faces[shapely.contains(county.buffer(SNAP * 3), faces)]


def _merge_faces(faces: Any, *, cell: Ints) -> Any:
    """One polygon per cell. A piece cut off from its cell goes to the neighbour with most common border.

    Raises `ValueError` if cells stay in pieces.
    """
    count = int(cell.max()) + 1
    for _ in range(20):
        merged = [shapely.union_all(faces[cell == i]) for i in range(count)]
        loose = [i for i, shape in enumerate(merged) if shape.geom_type != "Polygon"]
        if not loose:
            return np.array(merged, dtype=object)
        links = adjacency(faces)
        for i in loose:
            _give_away(faces, cell=cell, owner=i, links=links)
    raise ValueError("some grids stay in pieces")


def _give_away(faces: Any, *, cell: Ints, owner: int, links: Adjacency) -> None:
    mine = np.flatnonzero(cell == owner)
    whole = shapely.get_parts(shapely.union_all(faces[mine]))
    largest = whole[shapely.area(whole).argmax()]
    for face in mine[~shapely.covers(largest, shapely.point_on_surface(faces[mine]))]:
        shared: dict[int, float] = {}
        for (left, right), length in links.items():
            if face in (left, right):
                other = int(cell[right if face == left else left])
                if other != owner:
                    shared[other] = shared.get(other, 0.0) + length
        if shared:
            cell[face] = max(sorted(shared), key=lambda k: shared[k])


def adjacency(shapes: Any) -> Adjacency:
    """Length of common border (degrees) for every pair of polygons that share one."""
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    lattice = np.rint(coordinates / SNAP).astype(np.int64)
    same = owner[1:] == owner[:-1]
    first, second = lattice[:-1][same], lattice[1:][same]
    flip = (first[:, 0] > second[:, 0]) | ((first[:, 0] == second[:, 0]) & (first[:, 1] > second[:, 1]))
    low, high = np.where(flip[:, None], second, first), np.where(flip[:, None], first, second)
    length = np.hypot(*(high - low).T) * SNAP
    seen: dict[tuple[int, ...], int] = {}
    borders: Adjacency = {}
    for key, shape, size in zip(
        map(tuple, np.hstack([low, high]).tolist()), owner[:-1][same].tolist(), length.tolist(), strict=True
    ):
        other = seen.setdefault(key, shape)
        if other != shape:
            pair = (min(other, shape), max(other, shape))
            borders[pair] = borders.get(pair, 0.0) + size
    return borders


def _tile(rng: np.random.Generator, area: Any, *, centres: Floats, count: int) -> Any:
    seeds = _relaxed(_seeds(rng, area, centres=centres, count=count), area, rounds=2)
    faces = _faces(rng, seeds, area)
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    scale = np.cos(np.radians(LAT))
    # The tree measures in degrees; squeezing longitudes keeps "nearest" what it is on the ground.
    tree = shapely.STRtree(shapely.points(_to_degrees(seeds) * [scale, 1.0]))
    cell = tree.nearest(shapely.points(inside * [scale, 1.0])).astype(np.int64)
    # A seed too close to the outline may own no face; the cells that have any are numbered anew.
    return _merge_faces(faces, cell=np.unique(cell, return_inverse=True)[1].astype(np.int64))


def _nearest_source(borders: Adjacency, *, places: Floats, sources: Ints) -> Ints:
    """Each node's nearest source along the graph. Steps cost much the same, so groups are of like size."""
    pairs = np.array(sorted(borders), dtype=np.int64)
    length = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    cost = 0.6 + 0.4 * np.sqrt(length / np.median(length))
    size = len(places)
    graph = coo_matrix((cost, (pairs[:, 0], pairs[:, 1])), shape=(size, size)).tocsr()
    _, _, nearest = dijkstra(graph, directed=False, indices=sources, min_only=True, return_predecessors=True)
    return np.asarray(np.searchsorted(np.sort(sources), nearest), dtype=np.int64)


def _grouped(borders: Adjacency, *, places: Floats, sources: Ints, rounds: int) -> Ints:
    """Groups round `sources`, which move to the middle of their group after every round."""
    sources = np.sort(sources)
    group = _nearest_source(borders, places=places, sources=sources)
    for _ in range(rounds):
        middles = []
        for index in range(len(sources)):
            members = np.flatnonzero(group == index)
            gap = np.hypot(*(places[members] - places[members].mean(axis=0)).T)
            middles.append(int(members[gap.argmin()]))
        sources = np.sort(np.array(middles, dtype=np.int64))
        group = _nearest_source(borders, places=places, sources=sources)
    return group


def _lifted(borders: Adjacency, *, group: Ints) -> Adjacency:
    lifted: Adjacency = {}
    for (left, right), length in borders.items():
        a, b = int(group[left]), int(group[right])
        if a != b:
            pair = (min(a, b), max(a, b))
            lifted[pair] = lifted.get(pair, 0.0) + length
    return lifted


def _town_groups(borders: Adjacency, *, places: Floats, centres: Floats) -> Ints:
    """Towns in the order of their centres: each grows from the village nearest to its centre."""
    free = np.ones(len(places), dtype=bool)
    sources = []
    for centre in centres:
        gap = np.where(free, np.hypot(*(places - centre).T), np.inf)
        sources.append(int(gap.argmin()))
        free[sources[-1]] = False
    group = _nearest_source(borders, places=places, sources=np.sort(np.array(sources, dtype=np.int64)))
    order = np.argsort(np.array(sources))
    return np.asarray(order[group], dtype=np.int64)


def build_geography(rng: np.random.Generator, *, grids: int = 900, villages: int = 130) -> Geography:
    """A county of about `grids` grids and `villages` villages; its grids tile it without gap or overlap."""
    area = _outline(rng)
    centres = _town_centres(rng, area)
    shapes = _tile(rng, area, centres=centres, count=grids)
    places = to_km(shapely.get_coordinates(shapely.centroid(shapes)))
    borders = adjacency(shapes)
    start = rng.choice(len(shapes), villages, replace=False).astype(np.int64)
    village = _grouped(borders, places=places, sources=start, rounds=8)
    middle = np.array([places[village == v].mean(axis=0) for v in range(villages)])
    town = _town_groups(_lifted(borders, group=village), places=middle, centres=centres)
    seat = _to_degrees(centres[:STREETS].mean(axis=0)[None, :])[0]
    return Geography(shapes, village, town, (float(seat[0]), float(seat[1])))
