"""What is wrong in the files? Every kind of damage that exports have, in known numbers at known lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from etl.demo import text
from etl.demo.clock import Ints
from etl.demo.county import County
from etl.demo.geography import PointsCrs, as_written

CASE_SHARES: dict[str, float] = {
    "unknown_code": 5e-4,
    "unknown_grid": 4e-4,
    "expired_grid": 3e-4,
    "grid_not_in_village": 5e-4,
    "close_before_accept": 4e-4,
    "accept_before_report": 4e-4,
    "close_without_accept": 3e-4,
    "future_date": 3e-4,
    "exact_duplicate": 6e-4,
    "changed_duplicate": 3e-4,
    "scientific_grid_code": 3e-4,
    "truncated_grid_code": 3e-4,
    "missing_dispatch": 5e-4,
    "close_without_result": 4e-4,
    "satisfaction_without_callback": 4e-4,
    "swapped_point": 5e-4,
    "zero_point": 3e-4,
    "outside_point": 3e-4,
    "wrong_grid_point": 4e-4,
    "unreadable_time": 4e-4,
    "short_row": 2e-4,
    "long_row": 2e-4,
    "negative_people": 2e-4,
    "fullwidth_time": 3e-4,
    "padded_code": 4e-4,
    "null_word": 5e-4,
    "markup_title": 5e-5,
    "formula_title": 5e-5,
    "personal_title": 5e-5,
}
"""Share of case rows with each kind of damage. The first 23 (0.83 %) are hard, the others can be repaired."""

EVENT_SHARES: dict[str, float] = {
    "unknown_case": 1e-4,
    "unknown_action": 1e-4,
    "event_duplicate": 1e-4,
    "event_unreadable_time": 5e-5,
    "event_unknown_department": 5e-5,
}
"""Share of event rows with each kind of damage."""

AT_LEAST = {"markup_title": 3, "formula_title": 3, "personal_title": 3}


@dataclass
class Truth:
    """Kind of damage → file → line numbers (the header is line 1; no cell of ours spans two lines)."""

    dirt: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def add(self, kind: str, *, file: str, line: int) -> None:
        """Note one damaged line."""
        self.dirt.setdefault(kind, {}).setdefault(file, []).append(line)


@dataclass
class Row:
    """One line's cells, by key of the layout."""

    cells: list[str]
    position: dict[str, int]

    def __getitem__(self, key: str) -> str:
        return self.cells[self.position[key]]

    def __setitem__(self, key: str, value: str) -> None:
        self.cells[self.position[key]] = value

    def has(self, *keys: str) -> bool:
        """Are all these cells filled?"""
        return all(self[key] for key in keys)

    def shift(self, key: str, *, start: str, by: timedelta) -> None:
        """Set a time to another cell's time plus `by`, in that cell's spelling."""
        pattern = "%Y/%m/%d %H:%M:%S" if "/" in self[start] else "%Y-%m-%d %H:%M:%S"
        self[key] = (datetime.strptime(self[start], pattern) + by).strftime(pattern)


@dataclass(frozen=True)
class Edit:
    """A line replaced by `records`; the damaged one among them is `records[marked]`."""

    kind: str
    records: list[bytes]
    marked: int = 0


@dataclass(frozen=True)
class Damage:
    """What the makers of damage draw from."""

    county: County
    rng: np.random.Generator
    points_crs: PointsCrs = "WGS84"

    def pick(self, *options: str) -> str:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]


Maker = Callable[[Row, Damage], "list[list[str]] | None"]
"""Damages a row; gives the records that stand for it (damaged one last), or None if the row will not do."""


def _set(key: str, *values: str, needs: tuple[str, ...] = ()) -> Maker:
    def make(row: Row, damage: Damage) -> list[list[str]] | None:
        if not row.has(*needs):
            return None
        row[key] = damage.pick(*values)
        return [row.cells]

    return make


def _unknown_code(row: Row, damage: Damage) -> list[list[str]] | None:
    words = {
        "channel": "微信群",
        "level": "紫",
        "kind": "咨询",
        "category": "其他矛盾",
        "satisfaction": "还行",
    }
    key = damage.pick(*words)
    if not row.has(key):
        return None
    row[key] = words[key]
    return [row.cells]


def _unknown_grid(row: Row, damage: Damage) -> list[list[str]] | None:
    if not row.has("grid_code"):
        return None
    row["grid_code"] = f"{row['grid_code'][:12]}{int(damage.rng.integers(500, 900))}"
    return [row.cells]


def _expired_grid(row: Row, damage: Damage) -> list[list[str]] | None:
    code, _, village = damage.county.expired[int(damage.rng.integers(len(damage.county.expired)))]
    row["grid_code"], row["village_code"] = code, damage.county.villages[village][0]
    row["lon"], row["lat"], row["precision"] = "", "", "网格"
    return [row.cells]


def _other_village(row: Row, damage: Damage) -> list[list[str]] | None:
    if not row.has("grid_code", "village_code"):
        return None
    other = damage.pick(*(v[0] for v in damage.county.villages))
    if other == row["village_code"]:
        return None
    row["village_code"] = other
    return [row.cells]


def _close_before_accept(row: Row, damage: Damage) -> list[list[str]] | None:
    if not row.has("close_at", "accept_at"):
        return None
    row.shift("close_at", start="accept_at", by=-timedelta(hours=int(damage.rng.integers(5, 120))))
    return [row.cells]


def _accept_before_report(row: Row, damage: Damage) -> list[list[str]] | None:
    if not row.has("accept_at", "report_at"):
        return None
    row.shift("report_at", start="accept_at", by=timedelta(hours=int(damage.rng.integers(1, 40))))
    return [row.cells]


def _future_date(row: Row, damage: Damage) -> list[list[str]] | None:
    key = damage.pick("occur_at", "accept_at", "close_at")
    if not row.has(key, "accept_at"):
        return None
    row.shift(key, start="accept_at", by=timedelta(days=365 * int(damage.rng.integers(4, 30))))
    return [row.cells]


def _exact_duplicate(row: Row, damage: Damage) -> list[list[str]] | None:
    return [row.cells, list(row.cells)]


def _changed_duplicate(row: Row, damage: Damage) -> list[list[str]] | None:
    changed = Row(list(row.cells), row.position)
    changed["title"] += "（补）"
    changed["level"] = "橙" if row["level"] != "橙" else "黄"
    return [row.cells, changed.cells]


def _broken_grid_code(row: Row, damage: Damage, *, scientific: bool) -> list[list[str]] | None:
    if not row.has("grid_code"):
        return None
    row["grid_code"] = f"{float(row['grid_code']):.5E}" if scientific else row["grid_code"][:12] + "000"
    return [row.cells]


def _missing_dispatch(row: Row, damage: Damage) -> list[list[str]] | None:
    if row["kind"] != "问题" or not row.has("dispatch_at", "close_at"):
        return None
    row["dispatch_at"] = ""
    return [row.cells]


def _satisfaction_without_callback(row: Row, damage: Damage) -> list[list[str]] | None:
    if not row.has("close_at") or row["callback_valid"] == "是":
        return None
    row["callback_valid"], row["satisfaction"] = "否", "满意"
    return [row.cells]


def _point(row: Row, damage: Damage, *, how: str) -> list[list[str]] | None:
    if not row.has("lon", "lat", "grid_code"):
        return None
    if how == "swapped":
        row["lon"], row["lat"] = row["lat"], row["lon"]
    elif how == "zero":
        row["lon"], row["lat"] = damage.pick("0", "0.000000"), "0"
    elif how == "outside":
        row["lon"] = f"{float(row['lon']) + float(damage.rng.choice([-1, 1])) * float(damage.rng.uniform(0.9, 3)):.6f}"
    else:
        far = damage.rng.integers(len(damage.county.grid_codes), size=1)
        if damage.county.grid_codes[int(far[0])][:12] == row["grid_code"][:12]:
            return None
        lon, lat = as_written(damage.county.triangles.points(damage.rng, far), damage.points_crs)[0]
        row["lon"], row["lat"] = f"{lon:.6f}", f"{lat:.6f}"
    return [row.cells]


def _unreadable_time(row: Row, damage: Damage) -> list[list[str]] | None:
    key = damage.pick("occur_at", "entry_at", "accept_at", "close_at")
    if not row.has(key):
        return None
    row[key] = damage.pick("2025年13月40日", "不详", "2025-02-30 10:00:00", "昨天下午")
    return [row.cells]


_FULL_WIDTH = {ord(a): b for a, b in zip("0123456789:-/", "０１２３４５６７８９：－／", strict=True)}


def _fullwidth_time(row: Row, damage: Damage) -> list[list[str]] | None:
    key = damage.pick("entry_at", "report_at", "close_at")
    if not row.has(key):
        return None
    row[key] = row[key].translate(_FULL_WIDTH)
    return [row.cells]


def _padded_code(row: Row, damage: Damage) -> list[list[str]] | None:
    key = damage.pick("grid_code", "village_code", "lead_department", "case_id")
    if not row.has(key):
        return None
    row[key] = damage.pick(" {}", "{} ", "{}\u200b", "\u200b{}", "　{}").format(row[key])
    return [row.cells]


def _null_word(row: Row, damage: Damage) -> list[list[str]] | None:
    key = damage.pick("amount_yuan", "kind_changed_at", "session_held_at", "rectify_at", "satisfaction", "lon")
    if row[key]:
        return None
    row[key] = damage.pick("NULL", "无", "-", "null", "N/A")
    return [row.cells]


def _personal_title(row: Row, damage: Damage) -> list[list[str]] | None:
    if not row.has("当事人姓名", "当事人证件号码"):
        return None
    row["title"] = f"{row['当事人姓名']}（证件{row['当事人证件号码']}，电话{row['当事人联系电话']}）来访反映问题"
    return [row.cells]


CASE_MAKERS: dict[str, Maker] = {
    "unknown_code": _unknown_code,
    "unknown_grid": _unknown_grid,
    "expired_grid": _expired_grid,
    "grid_not_in_village": _other_village,
    "close_before_accept": _close_before_accept,
    "accept_before_report": _accept_before_report,
    "close_without_accept": _set("accept_at", "", needs=("close_at", "accept_at")),
    "future_date": _future_date,
    "exact_duplicate": _exact_duplicate,
    "changed_duplicate": _changed_duplicate,
    "scientific_grid_code": lambda row, damage: _broken_grid_code(row, damage, scientific=True),
    "truncated_grid_code": lambda row, damage: _broken_grid_code(row, damage, scientific=False),
    "missing_dispatch": _missing_dispatch,
    "close_without_result": _set("close_type", "", needs=("close_at", "close_type")),
    "satisfaction_without_callback": _satisfaction_without_callback,
    "swapped_point": lambda row, damage: _point(row, damage, how="swapped"),
    "zero_point": lambda row, damage: _point(row, damage, how="zero"),
    "outside_point": lambda row, damage: _point(row, damage, how="outside"),
    "wrong_grid_point": lambda row, damage: _point(row, damage, how="elsewhere"),
    "unreadable_time": _unreadable_time,
    "short_row": lambda row, damage: [row.cells[: -int(damage.rng.integers(2, 6))]],
    "long_row": lambda row, damage: [[*row.cells, "", damage.pick("多余", "1")]],
    "negative_people": _set("people_involved", "-1", "-3", needs=("people_involved",)),
    "fullwidth_time": _fullwidth_time,
    "padded_code": _padded_code,
    "null_word": _null_word,
    "markup_title": _set(
        "title", "<img src=x onerror=alert(1)>", "<script>alert('x')</script>占道", "关于<b>路灯</b>的问题"
    ),
    "formula_title": _set("title", '=HYPERLINK("http://x")', "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1:A9)"),
    "personal_title": _personal_title,
}


def _unknown_case(row: Row, damage: Damage) -> list[list[str]] | None:
    stranger = Row(list(row.cells), row.position)
    stranger["case_id"] = f"EV209901-{int(damage.rng.integers(10**7)):07d}"
    return [row.cells, stranger.cells]


def _unknown_action(row: Row, damage: Damage) -> list[list[str]] | None:
    if row["action"] not in ("归档", "回访", "反馈"):
        return None
    row["action"] = damage.pick("领导阅示", "转交", "撤回重报")
    return [row.cells]


EVENT_MAKERS: dict[str, Maker] = {
    "unknown_case": _unknown_case,
    "unknown_action": _unknown_action,
    "event_duplicate": _exact_duplicate,
    "event_unreadable_time": _set("event_at", "不详", "2025-13-01 08:00:00"),
    "event_unknown_department": _set("from_department", "D99", "综治办", needs=("from_department",)),
}

MAKERS = CASE_MAKERS | EVENT_MAKERS


def planned(shares: dict[str, float], *, sizes: Ints, rng: np.random.Generator) -> list[dict[str, int]]:
    """How many rows of each kind to damage in each chunk; every kind at least once, whatever the size."""
    total = int(sizes.sum())
    plan: list[dict[str, int]] = [{} for _ in sizes]
    if total == 0:
        return plan
    for kind, share in shares.items():
        count = max(AT_LEAST.get(kind, 1), round(share * total))
        for chunk, number in enumerate(rng.multinomial(count, sizes / total).tolist()):
            if number:
                plan[chunk][kind] = number
    return plan


def edits(
    lines: list[bytes], *, order: Ints, position: dict[str, int], wanted: dict[str, int], damage: Damage
) -> dict[int, Edit]:
    """Damaged replacements for some of `lines`, by row number; `order` holds the row number of each line."""
    queue = [kind for kind, count in wanted.items() for _ in range(count)]
    result: dict[int, Edit] = {}
    waiting = list(zip(order.tolist(), lines, strict=True))
    for kind in queue:
        for index, (number, line) in enumerate(waiting):
            made = MAKERS[kind](Row(text.parse(line), position), damage)
            if made is not None:
                records = [text.record(cells) for cells in made]
                result[number] = Edit(kind, records, marked=len(records) - 1)
                del waiting[index]
                break
    return result
