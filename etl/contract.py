"""What is promised to readers: where the snapshot is, and each of its tables, column by column.

The dashboard imports this module and of the rest of the ETL only `person_numbers`. PL is the privacy level of
`domain.md`: 0 public aggregate, 1 internal, 2 restricted to a role; PL 3 may not be in a snapshot and cannot be
declared here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

POINTER = "CURRENT.json"
CONTRACT_VERSION = 3
"""Raised whenever a table or a column changes: a dashboard refuses snapshots of another version."""

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
place       VARCHAR 0 point, or why it has no usable one: no_grid, no_point, outside, wrong_grid
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
loop_step   TINYINT 0 accepted: how far round the loop: 1 accepted, 2 dispatched, 3 closed too, 4 called back too
self_reported BOOLEAN 0 accepted: came by a channel of the people's own (rules.toml [loop])
sent_right  BOOLEAN 0 accepted: dispatched and never sent back
assisted    BOOLEAN 0 accepted: dispatched, to an assisting department as well
is_traced   BOOLEAN 0 accepted: report, dispatch, sign-on and closing all have their time
accept_hours DOUBLE 0 accepted: hours from report to acceptance
dispatch_hours DOUBLE 0 accepted: ... from acceptance to the first dispatch
handle_hours DOUBLE 0 accepted: ... from the first dispatch to the standing closing
callback_hours DOUBLE 0 accepted: ... from the standing closing to a valid callback
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
    "fact_case_pause": _columns(
        """
case_key    INTEGER 0 the case
from_at     TIMESTAMP 0 suspended
to_at       TIMESTAMP 0 resumed or closed; the data's own time where it goes on
"""
    ),
    "fact_case_clock": _columns(
        """
case_key    INTEGER 0 the case
clock       VARCHAR 0 due: the case's own deadline; wuhua: the 五化 clock of a kind it held
kind        VARCHAR 0 the kind it ran for
start_at    TIMESTAMP 0 started, null where it has not
deadline_at TIMESTAMP 0 deadline in force, null where it cannot be computed
stop_at     TIMESTAMP 0 stopped, null while it runs
limit_hours DOUBLE 0 limit as first set
elapsed     DOUBLE 0 elapsed time over limit, 1 = at the deadline; a running clock as of the snapshot
verdict     VARCHAR 0 met, late, missed; early, due_soon, running before the deadline; unknown
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
    "fact_risk_run": _columns(
        """
run_id      VARCHAR 0 half-life, scope and strata, as in h60-reported-none
half_life_days INTEGER 0 days after which a case counts half
scope       VARCHAR 0 reported (without what patrols found) or all
strata      VARCHAR 0 none, or urban_rural: expected within urban and within rural grids
is_default  BOOLEAN 0 the run a page shows first
state       VARCHAR 0 ok, flat, no_population, one_grid, too_few
sentence    VARCHAR 0 what the map says, in words
basis       VARCHAR 0 population, households, '' where neither is known
as_of       TIMESTAMP 0 end of the look-back
since_at    TIMESTAMP 0 cases accepted after this count
cases       INTEGER 0 cases in scope in the look-back whose grid is in force
score       DOUBLE 0 sum of their weights
mu          DOUBLE 0 mean relative risk of the grids that have a basis (1 by construction)
phi         DOUBLE 0 sum of squared weights over sum of weights
variance    DOUBLE 0 v, the variance of the true relative risks beyond chance; 0 where flat
p_flat      DOUBLE 0 chance of a spread as large if all grids shared one rate
params      VARCHAR 0 every parameter of the run, json
"""
    ),
    "fact_grid_risk": _columns(
        """
run_id      VARCHAR 0 see fact_risk_run
grid        VARCHAR 0 a grid in force
score       DOUBLE 0 y, sum of the weights of its cases
expected    DOUBLE 0 E, its share of all scores by persons; 0 without persons
rr_raw      DOUBLE 0 y / E
rr          DOUBLE 0 relative risk shrunk towards the mean (empirical Bayes)
credibility DOUBLE 0 k, the part of rr that is the grid's own
p_10        DOUBLE 0 chance that the relative risk exceeds 1
p_125       DOUBLE 0 ... 1.25
p_15        DOUBLE 0 ... 1.5
tier        VARCHAR 0 red, orange, yellow, blue, none
why         VARCHAR 0 why tier is none: no_population, small_expected, flat
gi_z        DOUBLE 0 Getis-Ord Gi* of rr among the neighbours
gi_p        DOUBLE 0 its two-sided p-value
cluster     VARCHAR 0 hot or cold where gi_p is a discovery, else ''
cases       INTEGER 0 cases in scope in the look-back
self_found  INTEGER 0 cases found by patrols in the look-back, in scope or not
recent      INTEGER 0 cases in scope of the last recent_days
previous    INTEGER 0 ... of as many days before
last_year   INTEGER 0 ... of the same days a year ago
z_previous  DOUBLE 0 2(√recent − √previous), NULL before the data begin
z_last_year DOUBLE 0 2(√recent − √last_year), NULL before the data begin
"""
    ),
    "fact_risk_frame": _columns(
        """
day         DATE 0 the default run as of this day, at the hour of the snapshot's as_of
grid        VARCHAR 0 a grid in force with a basis
rr          DOUBLE 0 relative risk, 2 decimals
tier        VARCHAR 0 red, orange, yellow, blue, none
"""
    ),
    "fact_near_repeat": _columns(
        """
category    VARCHAR 0 category of both
case_key    INTEGER 0 the later case, within recent_days
other_key   INTEGER 0 the earlier one
metres      DOUBLE 0 between them
days        DOUBLE 0 between them
grid        VARCHAR 0 grid of the later case
"""
    ),
    "fact_knox": _columns(
        """
category    VARCHAR 0 category
cases       INTEGER 0 with an exact place, in the look-back
near_space  BIGINT 0 pairs within near_metres
near_time   BIGINT 0 pairs within near_days
observed    BIGINT 0 pairs within both
expected    DOUBLE 0 if place and time were independent
p_value     DOUBLE 0 share of reshuffled times with as many or more, observed included; NULL above knox_pairs
"""
    ),
    "fact_risk_backtest": _columns(
        """
month       DATE 0 month whose cases are tested
method      VARCHAR 0 risk, rate, counts, last_year: what the grids were ranked by before the month began
flagged     INTEGER 0 grids picked, the top share
area_share  DOUBLE 0 their share of the area
population_share DOUBLE 0 their share of the persons
hits        INTEGER 0 cases of the month in them
cases       INTEGER 0 cases of the month
hit_rate    DOUBLE 0 hits / cases
pai_area    DOUBLE 0 hit_rate / area_share
pai_population DOUBLE 0 hit_rate / population_share
"""
    ),
    "density_raster": _columns(
        """
centre_lat  DOUBLE 0 middle latitude of the located cases
cell_side   DOUBLE 0 side of a cell in Web-Mercator metres, about 100 m on the ground at that latitude
"""
    ),
    "fact_density_bin": _columns(
        """
cell_x      INTEGER 2 column of the cell, counted eastward from 0 degrees
cell_y      INTEGER 2 row of the cell, counted northward from the equator
month       DATE 0 first day of the month of acceptance
town        VARCHAR 0 town code, '' where unknown
kind        VARCHAR 0 kind of case
precision   VARCHAR 0 point, building, grid, village, none, '' where not told
cases       INTEGER 1 cases with a usable point
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
    "fact_coordinate_check": _columns(
        """
source      VARCHAR 0 mapping
title       VARCHAR 0 what its files are, in words
declared    VARCHAR 0 declared reference system; “lat_lon” behind it where the columns are declared swapped
tested      INTEGER 0 different points with a claimed grid that has a polygon
share_declared DOUBLE 0 share of them inside that grid as declared, null where none was tested
best        VARCHAR 0 the reading under which most are inside
share_best  DOUBLE 0 share of them inside under it
verdict     VARCHAR 0 ok, suspect, unknown
sentence    VARCHAR 0 what was found and what to do
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
