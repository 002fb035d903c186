"""Do risky grids lie together? Getis-Ord Gi* with its normal p-value and false discovery rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.spatial import cKDTree
from scipy.stats import norm

from etl.risk.estimate import Flags, Floats, Ints, Words

NEIGHBOURS = 6
"""Neighbours of a grid where no polygons are known."""


def queen(shapes: Any) -> Ints:
    """Pairs (i < j) of polygons that share at least a point, as two rows."""
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return np.array([left[left < right], right[left < right]], dtype=np.int64)


def nearest(places: Floats, *, count: int = NEIGHBOURS) -> Ints:
    """Pairs (i < j) of which at least one is among the other's `count` nearest, as two rows."""
    count = min(count, len(places) - 1)
    if count < 1:
        return np.empty((2, 0), dtype=np.int64)
    found = cKDTree(places).query(places, count + 1)[1][:, 1:]
    pairs = np.stack([np.repeat(np.arange(len(places)), count), found.ravel()])
    return np.unique(np.sort(pairs, axis=0), axis=1)


@dataclass(frozen=True)
class Neighbourhood:
    """Grids that can have neighbours (positions among all), their places in metres, and pairs among all grids."""

    members: Ints
    places: Floats
    pairs: Ints

    def weights(self, known: Flags) -> tuple[Ints, Any]:
        """The members that are known, and their binary weights, each its own neighbour; islands get their nearest."""
        rows = np.flatnonzero(known[self.members])
        position = np.full(len(known), -1)
        position[self.members[rows]] = np.arange(len(rows))
        left, right = position[self.pairs]
        both = (left >= 0) & (right >= 0)
        left, right = left[both], right[both]
        islands = np.setdiff1d(np.arange(len(rows)), np.concatenate([left, right]))
        if len(islands) and len(rows) > 1:
            closest = cKDTree(self.places[rows]).query(self.places[rows[islands]], 2)[1][:, 1]
            left, right = np.concatenate([left, islands]), np.concatenate([right, closest])
        own = np.arange(len(rows))
        ends = np.concatenate([left, right, own]), np.concatenate([right, left, own])
        matrix = csr_array((np.ones(len(ends[0])), ends), shape=(len(rows), len(rows)))
        matrix.data[:] = 1.0  # two islands that are each other's nearest were joined twice
        return self.members[rows], matrix


def gi_star(value: Floats, weights: Any) -> Floats:
    """Getis & Ord's Gi* as a z-score, for binary weights with themselves; NaN where all values are alike."""
    n = len(value)
    neighbours = np.asarray(weights.sum(axis=1)).ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = value.std() * np.sqrt(neighbours * (n - neighbours) / (n - 1))
        z = (weights @ value - value.mean() * neighbours) / scale
    return np.asarray(np.where(np.isfinite(z) & (np.ptp(value) > 0), z, np.nan))


def two_sided(z: Floats) -> Floats:
    """Two-sided normal p-value."""
    return np.asarray(2 * norm.sf(np.abs(z)))


def discovery_limit(p: Floats, *, rate: float) -> float:
    """The p-value up to which Benjamini & Hochberg (1995) call a discovery; rate / n, which none reaches, if none."""
    ordered = np.sort(p[np.isfinite(p)])
    steps = rate * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    passed = np.flatnonzero(ordered <= steps)
    return float(steps[passed[-1] if len(passed) else 0]) if len(ordered) else 0.0


def clusters(value: Floats, around: Neighbourhood, *, rate: float) -> tuple[Floats, Floats, Words]:
    """z, p and hot, cold or '' of every grid; NaN and '' where a grid has no value or no place."""
    z, p = np.full(len(value), np.nan), np.full(len(value), np.nan)
    members, weights = around.weights(np.isfinite(value))
    if len(members) > 1:
        z[members] = gi_star(value[members], weights)
        p = two_sided(z)
    found = p <= discovery_limit(p, rate=rate)
    return z, p, np.where(found & (z > 0), "hot", np.where(found & (z < 0), "cold", "")).astype(object)
