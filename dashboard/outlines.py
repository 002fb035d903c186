"""Where do towns end? Their outlines as the areas on the map draw them, so that lines lie on borders at every zoom."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely


def town_outlines(areas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A FeatureCollection with one shape per town, merged from GeoJSON features that know their town.

    The areas must tile the ground with common corners, as the layers of a snapshot do.
    """
    members: dict[str, list[str]] = {}
    for area in areas:
        members.setdefault(area["properties"]["town"], []).append(json.dumps(area["geometry"]))
    features = [
        {"type": "Feature", "properties": {"code": town}, "geometry": shapely.geometry.mapping(_merged(shapes))}
        for town, shapes in sorted(members.items())
        if town
    ]
    return {"type": "FeatureCollection", "features": features}


def _merged(shapes: Sequence[str]) -> Any:
    return shapely.coverage_union_all(shapely.from_geojson(np.array(shapes, dtype=object)))
