"""What may a row mean? The canonical fields of each kind of source row, and how their text is to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal["text", "code", "key", "time", "date", "integer", "number", "boolean"]
"""text as is · code a word of a code set · key an identifier with spaces removed · the rest as named."""


@dataclass(frozen=True)
class Field:
    """One canonical field. `required`: a row without it cannot be used and is quarantined."""

    name: str
    type: FieldType = "text"
    code_set: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Entity:
    """One kind of source row."""

    name: str
    title: str
    fields: tuple[Field, ...]
    identity: tuple[str, ...]
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.fields})

    @property
    def required(self) -> frozenset[str]:
        """Names of the fields a row must have."""
        return frozenset(f.name for f in self.fields if f.required)


def _codes(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "code", name) for name in names)


def _times(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "time") for name in names)


_VALIDITY = (Field("valid_from", "date"), Field("valid_to", "date"))

ENTITIES: dict[str, Entity] = {
    e.name: e
    for e in (
        Entity(
            "case",
            "事项",
            (
                Field("case_id", "key", required=True),
                Field("title"),
                Field("kind", "code", "kind", required=True),
                Field("prior_kind", "code", "kind"),
                *_codes("event_grade", "event_scale", "level", "complexity", "channel", "discovery"),
                *_codes("precision", "supervision", "close_type", "close_level", "agreement", "satisfaction"),
                Field("category", "code", "category"),
                Field("callback_valid", "boolean"),
                Field("source_verdict", "code", "source_verdict"),
                Field("town_code", "text"),
                Field("village_code", "key"),
                Field("grid_code", "key"),
                Field("lead_department", "code", "department"),
                Field("lon", "number"),
                Field("lat", "number"),
                Field("accept_at", "time", required=True),
                *_times("occur_at", "entry_at", "report_at", "grade_at", "first_response_at", "dispatch_at"),
                *_times("rectify_at", "first_contact_at", "session_planned_at", "session_held_at"),
                *_times("close_at", "callback_at", "archive_at", "due_at", "kind_changed_at"),
                Field("people_involved", "integer", minimum=0),
                Field("amount_yuan", "number", minimum=0),
                Field("party"),
            ),
            identity=("case_id",),
        ),
        Entity(
            "case_event",
            "流转记录",
            (
                Field("case_id", "key", required=True),
                Field("seq", "integer"),
                Field("event_at", "time", required=True),
                Field("action", "code", "action", required=True),
                Field("from_department", "code", "department"),
                Field("to_department", "code", "department"),
                Field("role", "code", "handling_role"),
                Field("extension_amount", "number", minimum=0, maximum=366),
            ),
            identity=("case_id", "event_at", "action", "seq", "from_department", "to_department", "role"),
        ),
        Entity(
            "region",
            "行政区划",
            (
                Field("region_code", "key", required=True),
                Field("region_name", required=True),
                Field("parent_code", "key"),
                Field("region_level", "code", "region_level", required=True),
                Field("region_type"),
                Field("urban_rural_code", "key"),
                *_VALIDITY,
            ),
            identity=("region_code", "valid_from"),
        ),
        Entity(
            "grid",
            "网格",
            (
                Field("grid_code", "key", required=True),
                Field("grid_name"),
                Field("village_code", "key", required=True),
                Field("grid_type", "code", "grid_type"),
                Field("households", "integer", minimum=0),
                Field("population", "integer", minimum=0),
                Field("area_m2", "number", minimum=0),
                Field("lon", "number"),
                Field("lat", "number"),
                Field("boundary_wkt"),
                *_VALIDITY,
            ),
            identity=("grid_code", "valid_from"),
        ),
        Entity(
            "boundary",
            "边界",
            (
                Field("place_code", "key", required=True),
                Field("place_name"),
                Field("level", "code", "region_level"),
                Field("boundary_wkt", required=True),
            ),
            identity=("place_code", "level", "boundary_wkt"),
        ),
        Entity(
            "department",
            "部门",
            (
                Field("department", "key", required=True),
                Field("department_name", required=True),
                *_codes("department_class", "entry_mode"),
                Field("line"),
                Field("parent_department", "key"),
            ),
            identity=("department",),
        ),
        Entity(
            "population",
            "人口统计",
            (
                Field("grid_code", "key", required=True),
                Field("month", "date", required=True),
                Field("households", "integer", minimum=0),
                Field("population", "integer", required=True, minimum=0),
            ),
            identity=("grid_code", "month"),
        ),
        Entity(
            "care_visit",
            "重点人群走访",
            (
                Field("care_group", "code", "care_group", required=True),
                Field("village_code", "key", required=True),
                Field("month", "date", required=True),
                Field("visited_on", "date"),
                Field("needs_raised", "integer", minimum=0),
                Field("needs_met", "integer", minimum=0),
                Field("urgent_needs", "integer", minimum=0),
                Field("party"),
            ),
            identity=("party", "care_group", "village_code", "month"),
        ),
    )
}
