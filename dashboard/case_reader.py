"""What does the snapshot hold about one case? Its rows, read and put into words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dashboard.case_file import CaseFile, NoSuchCaseError, dispatches, holdings, spells, with_gaps

Row = dict[str, Any]
Records = Callable[[str, dict[str, Any]], list[Row]]

CODED = ("discovery", "complexity", "supervision", "close_type", "close_level", "agreement", "satisfaction")
CODE_SETS = {"prior_kind": "kind"} | {column: column for column in CODED}
"""Column of a case → its code set."""

_CASE = "select * from mart.fact_case where case_id = $case_id"
_CODES = "select code_set, code, label from mart.dim_code where list_contains($sets, code_set)"
_TURNS = """
select event, event_at from mart.ledger
where case_key = $case_key and event in ('accepted', 'closed', 'reopened')
"""
_STEPS = """
select e.event_at, e.action, coalesce(a.label, e.action) as action_name, e.from_department,
       coalesce(o.department_name, e.from_department, '') as from_department_name, e.to_department,
       coalesce(t.department_name, e.to_department, '') as to_department_name, e.role,
       coalesce(r.label, e.role) as role_name, e.extension_amount
from mart.fact_case_event as e
left join mart.dim_code as a on a.code_set = 'action' and a.code = e.action
left join mart.dim_code as r on r.code_set = 'handling_role' and r.code = e.role
left join mart.dim_department as o on o.department = e.from_department
left join mart.dim_department as t on t.department = e.to_department
where e.case_key = $case_key order by e.seq
"""
_DEPARTMENTS = """
select hop, department, role, assigned_at, sign_at, returned_at
from mart.fact_case_dept where case_key = $case_key order by assigned_at, hop
"""
_PAUSES = "select from_at, to_at from mart.fact_case_pause where case_key = $case_key order by from_at"
_CLOCKS = """
select c.clock, c.kind, coalesce(r.name, '') as name, c.start_at, c.deadline_at, c.stop_at, c.limit_hours, c.elapsed,
       c.verdict
from mart.fact_case_clock as c
left join (select kind, min(name) as name from mart.cfg_wuhua_rule group by kind) as r
       on c.clock = 'wuhua' and r.kind = c.kind
where c.case_key = $case_key order by c.clock, c.start_at nulls last, c.kind
"""


def read_case(
    records: Records,
    case_id: str,
    *,
    sees: Callable[[str], bool],
    named: Callable[[Row], Row],
    as_of: datetime,
) -> CaseFile:
    """Everything about one case of a town that is seen. `named` puts the words of the dimensions beside their codes.

    Raises `NoSuchCaseError` for an unknown number, and in the same words for a case that is not to be seen.
    """
    found = [case for case in records(_CASE, {"case_id": case_id}) if sees(case["town"])]
    if not found:
        raise NoSuchCaseError(f"没有这个事项：{case_id}")
    case = _worded(records, named(found[0]))
    key = {"case_key": case.pop("case_key")}
    open_times = spells([(turn["event"], turn["event_at"]) for turn in records(_TURNS, key)], as_of)
    sent = [named(row) for row in records(_DEPARTMENTS, key)]
    return CaseFile(
        case=case,
        steps=with_gaps(records(_STEPS, key)),
        spells=open_times,
        holdings=holdings(dispatches(_of(sent, "lead"), case), open_times),
        assists=tuple(_of(sent, "assist")),
        pauses=tuple(records(_PAUSES, key)),
        clocks=tuple(records(_CLOCKS, key)),
        as_of=as_of,
    )


def _of(sent: Sequence[Row], role: str) -> list[Row]:
    return [row for row in sent if row["role"] == role]


def _worded(records: Records, case: Row) -> Row:
    """A case with the word on screen beside each of its codes that is no dimension."""
    labels = {(r["code_set"], r["code"]): r["label"] for r in records(_CODES, {"sets": sorted(CODE_SETS.values())})}
    told = {name: case[name] for name in CODE_SETS if case[name]}
    return case | {f"{name}_name": labels.get((CODE_SETS[name], code), code) for name, code in told.items()}
