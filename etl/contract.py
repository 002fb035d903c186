"""What is promised to readers: where the snapshot is, and each of its tables, column by column.

The dashboard imports this module and nothing else of the ETL. PL is the privacy level of `domain.md`: 0 public
aggregate, 1 internal, 2 restricted to a role; PL 3 may not be in a snapshot and cannot be declared here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

POINTER = "CURRENT.json"
CONTRACT_VERSION = 1

Privacy = Literal[0, 1, 2]


@dataclass(frozen=True)
class Column:
    """One column of a mart table: name, DuckDB type, privacy level, and what it holds."""

    name: str
    type: str
    privacy: Privacy
    meaning: str


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of `name TYPE privacy meaning`."""
    rows = [line.split(None, 3) for line in text.splitlines() if line.strip()]
    return tuple(Column(name, kind, int(level), meaning) for name, kind, level, meaning in rows)  # type: ignore[arg-type]


_CASE_DIMENSIONS = """
town        VARCHAR 0 town code, '' where unknown
village     VARCHAR 0 village code, '' where unknown
grid        VARCHAR 0 grid code, '' where unknown
department  VARCHAR 0 department code, '' where none has the case yet
kind        VARCHAR 0 R risk, H hazard, C conflict, D dispute, P problem
severity    VARCHAR 0 general or major
level       VARCHAR 0 red, orange, yellow, blue, '' where ungraded
category    VARCHAR 0 category code, '' where unknown
channel     VARCHAR 0 where the case came from, '' where unknown
status      VARCHAR 0 on_track, due_soon, overdue or closed, as of the snapshot
"""

LEDGER = _columns(
    """
case_key    INTEGER 0 the case, see fact_case
event       VARCHAR 0 accepted, closed, reopened, overdue, cleared, due, due_original, dispatched, entered, wuhua, ...
event_at    TIMESTAMP 0 when it happened (local time); for due and wuhua the deadline
delta       TINYINT 0 what the event adds to its stock (+1, -1) or 0
since_at    TIMESTAMP 0 overdue, cleared: since when the case had been overdue
met         BOOLEAN 0 due, due_original: the case was not open at its deadline
extended    BOOLEAN 0 due: an extension was approved before the deadline in force
closed_by_now BOOLEAN 0 accepted: closed as of the snapshot
supervised  BOOLEAN 0 accepted: under supervision of any grade
discovery   VARCHAR 0 accepted: self, complaint or transfer
is_repeat   BOOLEAN 0 accepted: same party and category within repeat_days before
uncomputable BOOLEAN 0 accepted: no deadline can be computed
late_entry  BOOLEAN 0 entered: recorded more than late_entry_hours after it occurred
sign_due_passed BOOLEAN 0 dispatched: the sign-on limit has passed
signed_on_time BOOLEAN 0 dispatched: signed within the limit
returned    BOOLEAN 0 dispatched: the department sent it back
hours       DOUBLE 0 closed: hours open since acceptance, pauses and closed gaps removed
close_type  VARCHAR 0 closed: how the standing closing ended the case
close_level VARCHAR 0 closed: grid, village, town, county, above
rating      DECIMAL(3,1) 0 closed: 1, 0.9 or 0 from a valid callback on the standing closing
reopened_soon BOOLEAN 0 closed: reopened within reopen_days
wuhua_status VARCHAR 0 wuhua: met, late or missed
due_soon    BOOLEAN 0 wuhua_pending: inside the warning window
elapsed     DOUBLE 0 wuhua: elapsed time over limit, 1 = at the deadline
"""
    + _CASE_DIMENSIONS
)

FACT_CASE = _columns(
    """
case_key    INTEGER 0 row number in order of acceptance
case_id     VARCHAR 1 the source's number
title       VARCHAR 2 title with numbers of persons masked
prior_kind  VARCHAR 0 kind before it changed, if it did
kind_changed_at TIMESTAMP 0 when the kind changed
complexity  VARCHAR 0 simple, general, complex
discovery   VARCHAR 0 self, complaint, transfer
lon         DOUBLE 2 longitude WGS-84, 3 decimals
lat         DOUBLE 2 latitude WGS-84, 3 decimals
place_state VARCHAR 0 point, no_point, no_grid, outside
occur_at    TIMESTAMP 0 happened
entry_at    TIMESTAMP 0 recorded
report_at   TIMESTAMP 0 reported
accept_at   TIMESTAMP 0 accepted
grade_at    TIMESTAMP 0 graded
first_response_at TIMESTAMP 0 first response
dispatch_at TIMESTAMP 0 first dispatched to a department
rectify_at  TIMESTAMP 0 rectification begun
first_contact_at TIMESTAMP 0 both sides contacted
session_planned_at TIMESTAMP 0 mediation agreed for
session_held_at TIMESTAMP 0 mediation held
close_at    TIMESTAMP 0 the standing closing, null while open
due0_at     TIMESTAMP 0 deadline as first set
due_at      TIMESTAMP 0 deadline after approved extensions and pauses
extend_cnt  INTEGER 0 approved extensions that counted
pause_minutes DOUBLE 0 minutes suspended, as of the snapshot
reopen_cnt  INTEGER 0 times reopened
supervision VARCHAR 0 0 none, 1 general, 2 key, 3 listed
close_type  VARCHAR 0 see codes
close_level VARCHAR 0 see codes
agreement   VARCHAR 0 see codes
satisfaction VARCHAR 0 see codes
callback_valid BOOLEAN 0 the callback reached the person and was rated
people_involved INTEGER 1 persons involved
amount_yuan DOUBLE 1 amount in dispute
is_repeat   BOOLEAN 0 see ledger
source_verdict VARCHAR 0 the source's own on-time flag, where it has one
src_system  VARCHAR 0 source system
"""
    + _CASE_DIMENSIONS
)

TABLES: dict[str, tuple[Column, ...]] = {
    "ledger": LEDGER,
    "fact_case": FACT_CASE,
    "fact_case_event": _columns(
        """
case_key    INTEGER 0 the case
seq         INTEGER 0 step number in time order
event_at    TIMESTAMP 0 when
action      VARCHAR 0 see codes
from_department VARCHAR 0 who acted
to_department VARCHAR 0 who got it
role        VARCHAR 0 lead or assist
extension_amount DOUBLE 0 days granted
"""
    ),
    "fact_case_dept": _columns(
        """
case_key    INTEGER 0 the case
hop         INTEGER 0 which dispatch to a lead department, from 1; 0 for assisting departments
department  VARCHAR 0 department code
role        VARCHAR 0 lead or assist
assigned_at TIMESTAMP 0 dispatched
sign_at     TIMESTAMP 0 signed
returned_at TIMESTAMP 0 sent back
"""
    ),
    "fact_population": _columns(
        """
grid        VARCHAR 0 grid code
month       DATE 0 first day of the month
households  INTEGER 0 households
population  INTEGER 0 residents
"""
    ),
    "fact_visit_stat": _columns(
        """
care_group  VARCHAR 1 see codes
village     VARCHAR 1 village code
month       DATE 1 first day of the month
visits_due  INTEGER 1 persons due for a visit
visits_done INTEGER 1 persons visited
needs_raised INTEGER 1 needs raised
needs_met   INTEGER 1 needs met
urgent_needs INTEGER 1 of which urgent
"""
    ),
    "fact_source_file": _columns(
        """
file_id     INTEGER 0 number of the file in this load
file_name   VARCHAR 1 name of the file
source      VARCHAR 0 mapping used, '' if refused
title       VARCHAR 0 what the file is, in words
sha256      VARCHAR 1 of its bytes
encoding    VARCHAR 0 text encoding or container
rows_in     INTEGER 0 data rows in the file
loaded      INTEGER 0 rows that became a row of a mart table
aggregated  INTEGER 0 rows counted into a statistic and dropped
quarantined INTEGER 0 rows kept out, each with its reason
duplicates  INTEGER 0 rows that repeat another row
flagged     INTEGER 0 loaded rows with at least one doubtful value
verdict     VARCHAR 0 loaded or refused
remark      VARCHAR 0 why refused, or what was noticed about the file
"""
    ),
    "fact_quality": _columns(
        """
rule        VARCHAR 0 data-quality rule
severity    VARCHAR 0 quarantined or flagged
sentence    VARCHAR 0 what is wrong and what it does to the figures
rows        INTEGER 0 rows hit
samples     VARCHAR 1 up to five file:line places
"""
    ),
    "dim_region": _columns(
        """
region_code VARCHAR 0 6, 9 or 12 digits
region_name VARCHAR 0 name
parent_code VARCHAR 0 parent region
region_level VARCHAR 0 county, town, village
urban_rural_code VARCHAR 0 urban/rural class
valid_from  DATE 0 first day of validity
valid_to    DATE 0 last day of validity
"""
    ),
    "dim_grid": _columns(
        """
grid        VARCHAR 0 grid code
grid_name   VARCHAR 0 name
village     VARCHAR 0 village code
town        VARCHAR 0 town code
grid_type   VARCHAR 0 see codes
households  INTEGER 0 households
population  INTEGER 0 residents
area_m2     DOUBLE 0 area
lon         DOUBLE 0 centre longitude
lat         DOUBLE 0 centre latitude
valid_from  DATE 0 first day of validity
valid_to    DATE 0 last day of validity
"""
    ),
    "dim_geometry": _columns(
        """
layer       VARCHAR 0 county, town, village, grid
code        VARCHAR 0 region or grid code
lon         DOUBLE 0 label point
lat         DOUBLE 0 label point
basis       VARCHAR 0 boundary (given), merged (from the level below), centroid (a circle) or cell (H3)
geojson     VARCHAR 0 simplified polygon, WGS-84
"""
    ),
    "dim_department": _columns(
        """
department  VARCHAR 0 department code
department_name VARCHAR 0 name
department_class VARCHAR 0 see codes
entry_mode  VARCHAR 0 see codes
line        VARCHAR 0 line of responsibility
parent_department VARCHAR 0 parent department
"""
    ),
    "dim_category": _columns(
        """
category    VARCHAR 0 category code
name        VARCHAR 0 name
default_line VARCHAR 0 line that usually handles it
source      VARCHAR 0 where the list comes from
"""
    ),
    "dim_calendar": _columns(
        """
day         DATE 0 calendar day
is_workday  BOOLEAN 0 a working day, adjusted days off and on included
workday_no  INTEGER 0 working days up to and including this day
holiday_name VARCHAR 0 festival, if any
announced   BOOLEAN 0 false where the year's schedule is not published: weekends only
"""
    ),
    "dim_code": _columns(
        """
code_set    VARCHAR 0 which list
code        VARCHAR 0 code
label       VARCHAR 0 word on screen
sort        INTEGER 0 order
source      VARCHAR 0 where the list comes from
"""
    ),
    "cfg_limit": _columns(
        """
kind        VARCHAR 0 kind of case
complexity  VARCHAR 0 complexity or *
clock_start VARCHAR 0 the clock starts at this time of the case
amount      DOUBLE 0 how much
unit        VARCHAR 0 minute, hour, day, workday
valid_from  DATE 0 for clocks started from this day
source      VARCHAR 0 where the limit comes from
"""
    ),
    "cfg_wuhua_rule": _columns(
        """
kind        VARCHAR 0 kind of case
name        VARCHAR 0 which of the five
level       VARCHAR 0 risk level or *
clock_start VARCHAR 0 the clock starts at this time of the case
clock_stop  VARCHAR 0 and stops at this one
amount      DOUBLE 0 how much
unit        VARCHAR 0 minute, hour, day, workday, case_due
valid_from  DATE 0 for clocks started from this day
meaning     VARCHAR 0 in words
source      VARCHAR 0 where the rule comes from
"""
    ),
    "snapshot_info": _columns(
        """
key         VARCHAR 0 what
value       VARCHAR 0 value
"""
    ),
}
"""Every table of a snapshot. `etl.build` checks that a snapshot has exactly these columns."""


@dataclass(frozen=True)
class Pointer:
    """Which snapshot is current."""

    snapshot: str
    file: str
    sha256: str
    as_of: datetime
    built_at: datetime
    counts: dict[str, int]


class NoSnapshotError(Exception):
    """The warehouse has no published snapshot, or its pointer cannot be read."""


def read_pointer(warehouse: Path) -> Pointer:
    """The current pointer of a warehouse. Raises `NoSnapshotError` with a sentence for people."""
    path = warehouse / POINTER
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Pointer(
            snapshot=raw["snapshot"],
            file=raw["file"],
            sha256=raw["sha256"],
            as_of=datetime.fromisoformat(raw["as_of"]),
            built_at=datetime.fromisoformat(raw["built_at"]),
            counts=dict(raw["counts"]),
        )
    except FileNotFoundError as error:
        raise NoSnapshotError(f"{warehouse} 中还没有已发布的数据，请先运行 python -m etl load") from error
    except (ValueError, KeyError, TypeError) as error:
        raise NoSnapshotError(f"{path} 无法读取，请运行 python -m etl rollback 指回上一批次") from error
