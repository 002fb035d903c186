"""What does a case look like in the export? Case and event rows as CSV lines in the mapping's layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from etl.demo import names, text
from etl.demo.cases import DISCOVERY_OF_CHANNEL, Cases, P
from etl.demo.clock import DAY, HOUR, NEVER, Clock, Ints, choose
from etl.demo.county import County
from etl.demo.flow import STEPS, Course, EventRows
from etl.demo.geography import PointsCrs, as_written
from etl.mapping import Mapping

TIME_COLUMNS = {
    "kind_changed_at": "kind_changed",
    "entry_at": "entry",
    "report_at": "report",
    "accept_at": "accept",
    "grade_at": "grade",
    "first_response_at": "response",
    "dispatch_at": "dispatch",
    "rectify_at": "rectify",
    "first_contact_at": "contact",
    "session_planned_at": "planned",
    "session_held_at": "held",
    "close_at": "last_close",
    "callback_at": "last_callback",
    "archive_at": "archive",
}
"""Case columns that are the time of a step."""

SERIAL, SUMMARY = "序号", "事件简述"

PLAIN_SETS = (
    *("kind", "event_grade", "event_scale", "complexity", "discovery"),
    *("precision", "close_type", "close_level", "agreement", "satisfaction"),
)
"""Code sets whose words this export takes from codes.csv as they are."""


def layout(mapping: Mapping) -> dict[str, str]:
    """Key (canonical field, or the header itself for what is not loaded) → header, in file order."""
    keys = dict(mapping.columns)
    keys |= {header: header for header in mapping.personal}
    rest = [header for header in mapping.ignore.columns if header != SERIAL]
    keys |= {header: header for header in rest}
    return {SERIAL: SERIAL, **keys} if SERIAL in mapping.ignore.columns else keys


def month_mark(index: int, *, months: int) -> str:
    """How the dates of a month's export are written: the older system put slashes."""
    return "/" if index < months // 4 else "-"


class Labels:
    """The Chinese words of each code set, encoded once."""

    def __init__(self, clock: Clock) -> None:
        self.by_set: dict[str, list[str]] = {}
        for row in clock.reference.rows("codes"):
            self.by_set.setdefault(row["code_set"], []).append(row["label"])
        self.codes = {row["code"]: row["label"] for row in clock.reference.rows("codes") if row["code_set"] == "action"}
        self.categories = [row["name"] for row in clock.reference.rows("categories")]

    def table(self, code_set: str, *extra: str) -> Any:
        """The labels of a code set in the order of codes.csv, then `extra` words."""
        return text.words([*self.by_set[code_set], *extra])


class CaseLedger:
    """Writes cases as lines; keeps the encoded words that every chunk needs."""

    def __init__(
        self, county: County, clock: Clock, mapping: Mapping, *, months: int, points_crs: PointsCrs = "WGS84"
    ) -> None:
        self.county, self.months, self.points_crs = county, months, points_crs
        self.layout = layout(mapping)
        labels = self.labels = Labels(clock)
        self.channels = labels.table("channel", "小程序", "来访", "12345", "巡查", "法院委派调解")
        self.levels = labels.table("level", *(f"{word}色" for word in labels.by_set["level"]))
        self.supervision = labels.table("supervision", "无", "")
        self.plain = {code_set: labels.table(code_set) for code_set in PLAIN_SETS}
        self.categories = text.words(labels.categories)
        self.departments = text.words([d[0] for d in names.DEPARTMENTS])
        self.grids = text.words(county.grid_codes)
        self.villages = text.words([v[0] for v in county.villages])
        self.village_names = text.words([v[1] for v in county.villages])
        self.people = text.words(names.person_names())
        self.yes_no = text.words(["否", "是"])
        self.summaries = text.words(names.SUMMARIES[:-1], ready=True)
        self.spots = text.words(names.SPOTS)
        self.copied = text.words(names.COPIED_TITLES)
        self._titles()

    def _titles(self) -> None:
        subjects = [s for key in sorted(names.SUBJECTS) for s in names.SUBJECTS[key]]
        counts = [len(names.SUBJECTS[key]) for key in sorted(names.SUBJECTS)]
        self.subjects, self.subject_count = text.words(subjects), np.array(counts)
        self.subject_first = np.cumsum([0, *counts[:-1]])
        phrases = [names.KIND_PHRASES[k] for k in "RHCDP"]
        self.phrases = text.words([f"的{word}" for group in phrases for word in group])
        self.phrase_count = np.array([len(group) for group in phrases])
        self.phrase_first = np.cumsum([0, *self.phrase_count[:-1]])

    def header(self) -> bytes:
        """The header line."""
        return text.record(list(self.layout.values()))

    def case_ids(self, cases: Cases, *, month: str, first: int) -> Any:
        """Case numbers such as EV202610-0000001; `first` is the first case's number in its month."""
        number = text.digits(np.arange(first, first + len(cases)), width=7)
        prefix = np.frombuffer(f"EV{month}-".encode(), dtype=np.uint8)
        matrix = np.concatenate([np.tile(prefix, (len(cases), 1)), number], axis=1)
        return text.from_matrix(matrix, np.ones(len(cases), dtype=bool))

    def lines(self, cases: Cases, course: Course, *, ids: Any, first: int, rng: np.random.Generator) -> Any:
        """One CSV line per case. Raises `KeyError` if the mapping asks for a column nobody fills."""
        columns = self._what(cases, course, rng) | self._where(cases, rng) | self._when(cases, course, rng)
        columns |= self._result(cases, course) | self._who(cases)
        columns["case_id"] = ids
        columns[SERIAL] = text.whole_numbers(np.arange(first, first + len(cases)))
        columns[SUMMARY] = text.look_up(self.summaries, rng.integers(-1, len(names.SUMMARIES) - 1, len(cases)))
        return text.lines([columns[key] for key in self.layout])

    def _title(self, cases: Cases, rng: np.random.Generator) -> Any:
        n = len(cases)
        subject = self.subject_first[cases.category] + rng.integers(0, self.subject_count[cases.category])
        phrase = self.phrase_first[cases.kind] + rng.integers(0, self.phrase_count[cases.kind])
        place = self.county.village_of_grid[cases.grid]
        title = text.join(
            "关于".encode(text.ENCODING),
            text.look_up(self.village_names, place),
            text.look_up(self.spots, rng.integers(0, len(names.SPOTS), n)),
            text.look_up(self.subjects, subject),
            text.look_up(self.phrases, phrase),
        )
        # Copy-paste titles: the second half of a doubled column, taken where the draw says so.
        copied = text.look_up(self.copied, rng.integers(0, len(names.COPIED_TITLES), n))
        lazy = (rng.random(n) < 0.008) & (cases.kind != P)
        return pa.concat_arrays([title, copied]).take(pa.array(np.arange(n) + n * lazy))

    def _what(self, cases: Cases, course: Course, rng: np.random.Generator) -> dict[str, Any]:
        n, graded = len(cases), course.times["grade"] != NEVER
        level = np.where(rng.random(n) < 0.03, cases.level + 4, cases.level)
        alias = {0: 11, 1: 12, 2: 13, 3: 14, 6: 15}
        other = np.array([alias.get(c, c) for c in range(11)])
        channel = np.where(rng.random(n) < 0.04, other[cases.channel], cases.channel)
        unsupervised = (0, 4, 5)[cases.month % 3]
        plain = {
            "kind": cases.kind,
            "event_grade": np.where(graded, cases.grade, NEVER),
            "event_scale": cases.scale,
            "complexity": cases.complexity,
            "discovery": DISCOVERY_OF_CHANNEL[cases.channel],
        }
        columns = {key: text.look_up(self.plain[key], value) for key, value in plain.items()}
        return columns | {
            "title": self._title(cases, rng),
            "prior_kind": text.look_up(self.plain["kind"], np.where(course.times["kind_changed"] != NEVER, 2, NEVER)),
            "category": text.look_up(self.categories, cases.category),
            "level": text.look_up(self.levels, np.where(graded, level, NEVER)),
            "channel": text.look_up(self.channels, channel),
            "supervision": text.look_up(
                self.supervision, np.where(course.supervision == 0, unsupervised, course.supervision)
            ),
            "lead_department": text.look_up(self.departments, course.lead),
            "people_involved": text.whole_numbers(cases.people),
            "amount_yuan": text.whole_numbers(cases.amount),
        }

    def _where(self, cases: Cases, rng: np.random.Generator) -> dict[str, Any]:
        located = ~np.isnan(cases.points[:, 0])
        precision = np.where(cases.grid_known, 2, np.where(cases.village_known, 3, 4))
        precision = np.where(located, np.where(rng.random(len(cases)) < 0.6, 0, 1), precision)
        village = self.county.village_of_grid[cases.grid]
        points = as_written(cases.points, self.points_crs)
        return {
            "grid_code": text.look_up(self.grids, np.where(cases.grid_known, cases.grid, NEVER)),
            "village_code": text.look_up(self.villages, np.where(cases.village_known, village, NEVER)),
            "lon": _degrees(points[:, 0]),
            "lat": _degrees(points[:, 1]),
            "precision": text.look_up(self.plain["precision"], precision),
        }

    def _when(self, cases: Cases, course: Course, rng: np.random.Generator) -> dict[str, Any]:
        mark = month_mark(cases.month, months=self.months)
        columns = {key: text.times(course.times[name], mark=mark) for key, name in TIME_COLUMNS.items()}
        occur = course.times["occur"]
        style = choose(rng, len(cases), weights=(80, 12, 5, 3))
        # A bare date means midnight; where that would turn a timely entry into a late one, the time is given.
        gap = course.times["entry"] - occur
        style = np.where((style == 3) & (gap <= 72 * HOUR) & (gap + occur % DAY > 71 * HOUR), 0, style)
        return columns | {"occur_at": text.mixed_times(occur, mark=mark, style=style)}

    def _result(self, cases: Cases, course: Course) -> dict[str, Any]:
        keys = ("close_type", "close_level", "agreement", "satisfaction")
        columns = {key: text.look_up(self.plain[key], getattr(course, key)) for key in keys}
        return columns | {"callback_valid": text.look_up(self.yes_no, course.callback_valid)}

    def _who(self, cases: Cases) -> dict[str, Any]:
        party = cases.party
        person = np.where(party < 0, NEVER, party * 48_271 % (len(self.people) - 1))
        return {
            "当事人姓名": text.look_up(self.people, person),
            "当事人证件号码": text.citizen_numbers(party),
            "当事人联系电话": text.phone_numbers(party),
        }


def _degrees(value: Any) -> Any:
    cells = [b"" if v != v else b"%.6f" % v for v in value.tolist()]
    return pa.array(cells, type=pa.binary())


class EventLedger:
    """Writes the event log as lines."""

    def __init__(self, clock: Clock, mapping: Mapping, *, months: int) -> None:
        self.layout, self.months = layout(mapping), months
        labels = Labels(clock)
        self.actions = text.words([labels.codes[step.action] for step in STEPS])
        self.roles = text.words([labels.by_set["handling_role"][s.role] if s.role >= 0 else "" for s in STEPS])
        self.departments = text.words([d[0] for d in names.DEPARTMENTS])
        self.numbers = text.words([str(n) for n in range(200)])
        notes = [names.STEP_NOTES.get(step.action, ("",)) for step in STEPS]
        self.notes = text.words([note for group in notes for note in group], ready=True)
        self.note_count = np.array([len(group) for group in notes])
        self.note_first = np.cumsum([0, *self.note_count[:-1]])

    def header(self) -> bytes:
        """The header line."""
        return text.record(list(self.layout.values()))

    def lines(self, rows: EventRows, *, ids: Any, month: int) -> Any:
        """One CSV line per step. Raises `KeyError` if the mapping asks for a column nobody fills."""
        note = self.note_first[rows.step] + (rows.case * 31 + rows.step * 7) % self.note_count[rows.step]
        columns = {
            "case_id": ids.take(pa.array(rows.case)),
            "seq": text.look_up(self.numbers, rows.sequence),
            "event_at": text.times(rows.at, mark=month_mark(month, months=self.months)),
            "action": text.look_up(self.actions, rows.step),
            "from_department": text.look_up(self.departments, rows.by),
            "to_department": text.look_up(self.departments, rows.to),
            "role": text.look_up(self.roles, rows.step),
            "extension_amount": text.look_up(self.numbers, _positive(rows.extension_days)),
            "操作说明": text.look_up(self.notes, note),
        }
        return text.lines([columns[key] for key in self.layout])


def _positive(value: Ints) -> Ints:
    return np.where(value > 0, value, NEVER)
