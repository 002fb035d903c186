"""Does 导出 hand over what the page shows? 200 random addresses: page = API = CSV = XLSX = Parquet = GeoJSON."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from dash.development.base_component import Component
from starlette.testclient import TestClient

from dashboard import words
from dashboard.ask import Ask
from dashboard.export.asked import FORMATS, export_address
from dashboard.factory import fill, find_pages, stage_targets
from dashboard.filters import DIMENSIONS, Filters, parse
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.page import Page, Question
from dashboard.warehouse import Warehouse
from tests.export_files import READERS, ReadBack, check_metric

ADDRESSES = 200
PAGES = find_pages()
WITH_NUMBERS = tuple(page for page in PAGES if page.exports.__module__ == f"dashboard.pages.{page.key}")
ODD = (
    ("since", "2026-13-45"), ("until", "gestern"), ("town", "nowhere"), ("planet", "earth"), ("kind", ""),
    ("level", "紫"), ("grid", "990108' or 1=1 --"), ("metric", "nope"), ("layer", "moon"), ("status", "\ufffd"),
)  # fmt: skip


def draw(number: int, ask: Ask) -> tuple[Page, str]:
    """A page and a query string by its number: period, codes, how it looks, and things unheard of."""
    dice = random.Random(number)
    pairs = [*_period(dice, ask), *_codes(dice, ask), *dice.sample(ODD, k=dice.choice([0, 0, 1, 3]))]
    if dice.random() < 0.3:
        pairs.append(("metric", dice.choice(["open", "on_time_rate", "handling_hours_median", "accepted"])))
    if dice.random() < 0.3:
        pairs.append(("layer", dice.choice(["town", "village", "grid"])))
    dice.shuffle(pairs)
    page = dice.choice(WITH_NUMBERS) if dice.random() < 0.9 else dice.choice(PAGES)
    if dice.random() < 0.4:
        pairs.append(("against", dice.choice(["previous", "year", "none", "tomorrow"])))
    return page, urlencode(pairs)


def _period(dice: random.Random, ask: Ask) -> list[tuple[str, str]]:
    last = ask.info.as_of.date() + timedelta(days=1)
    since = last - timedelta(days=dice.randrange(-20, 150))
    until = since + timedelta(days=dice.choice([1, 7, 30, 31, 90, 400]))
    days = [("since", since.isoformat()), ("until", until.isoformat())]
    return dice.choice([days, days, days, days, days[:1], days[1:], []])


def _codes(dice: random.Random, ask: Ask) -> list[tuple[str, str]]:
    found = []
    for dimension in dice.sample(list(DIMENSIONS), k=dice.choice([0, 0, 1, 1, 2, 3])):
        known = list(ask.vocabulary[dimension])
        many = len(known) if dice.random() < 0.1 else dice.choice([1, 1, 2, 5])
        found += [(dimension, code) for code in dice.sample(known, k=min(many, len(known), 40))]
    return found


# --- what a page shows, read out of what it draws -----------------------------------------------------------------


def shown(drawn: Any) -> Iterator[Mapping[str, str]]:
    """Every number of the catalogue in a tree of components and table rows: the data-* of its element, and its text."""
    if isinstance(drawn, Component):
        own = drawn.to_plotly_json()["props"]
        if "data-metric" in own:
            yield {key.removeprefix("data-"): str(said) for key, said in own.items()} | {"text": text_of(drawn)}
        yield from shown(list(own.values()))
    elif isinstance(drawn, dict):
        if {"metric", "state", "value", "text"} <= drawn.keys():
            yield drawn
        else:
            yield from shown(list(drawn.values()))
    elif isinstance(drawn, (list, tuple)):
        for part in drawn:
            yield from shown(part)


def text_of(drawn: Any) -> str:
    if isinstance(drawn, Component):
        return text_of(getattr(drawn, "children", None))
    if isinstance(drawn, (list, tuple)):
        return "".join(map(text_of, drawn))
    return "" if drawn is None else str(drawn)


Key = tuple[str, frozenset[tuple[str, str]]]


def key_of(mark: Mapping[str, str]) -> Key:
    by, code = mark.get("by", ""), mark.get("code", "")
    return mark["metric"], frozenset(zip(by.split(","), code.split(","), strict=True) if by else ())


Told = tuple[Question, list[dict[str, Any]]]
"""A question of the page, and what the API says to it."""


def by_key(told: Sequence[Told]) -> dict[Key, list[Any]]:
    """Each number that the API says, by metric and group."""
    found: dict[Key, list[Any]] = {}
    for question, rows in told:
        for row in rows:
            group = frozenset((by, row[by]) for by in question.by)
            for metric in question.metrics:
                found.setdefault((metric, group), []).append(row[metric])
    return found


def rows_of(client: TestClient, question: Question) -> list[dict[str, Any]]:
    wish = f"metrics={','.join(question.metrics)}&by={','.join(question.by)}&{question.filters.to_query()}"
    got = client.get(f"/query?{wish}")
    assert got.status_code == 200, f"{wish}: {got.text}"
    rows: list[dict[str, Any]] = got.json()["rows"]
    return rows


def is_said(mark: Mapping[str, str], truth: Any) -> bool:
    """Does a number on the page say what the API says: value, n, N, state and, for a count, its digits?"""
    parts = truth if isinstance(truth, dict) else {"value": truth}
    told = {"value": "" if parts["value"] is None else repr(parts["value"]), "state": parts.get("state", "ok")}
    if "N" in parts:
        told |= {"total": str(parts["N"]), "n": repr(parts["n"]) if "n" in parts else ""}
    is_count = not isinstance(truth, dict) and truth is not None
    same = all(_plain(mark.get(key, "")) == _plain(said) for key, said in told.items())
    return same and (not is_count or mark["text"].startswith(f"{truth:,.0f}"))


def _plain(text: str) -> str:
    return text.removesuffix(".0")


def filled(page: Page, door: Warehouse, query: str) -> dict[tuple[str, str], Any]:
    """Everything the page draws for an address."""
    found: dict[tuple[str, str], Any] = {}
    for stage in page.stages:
        found |= dict(zip(stage_targets(stage), fill(stage, door, query), strict=True))
    faults = {name: said for (name, _), said in found.items() if name.endswith("-fault") and said}
    assert not faults, f"{page.path}?{query}: {faults}"
    return found


# --- the test -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(ADDRESSES))
def test_page_api_and_files_say_the_same(
    exported_county: Warehouse, exported: Ask, exporting: TestClient, number: int
) -> None:
    page, query = draw(number, exported)
    filters = parse(query, exported.vocabulary).filters
    questions = page.exports(exported, filters)
    drawn = filled(page, exported_county, query)
    told = [(question, rows_of(exporting, question)) for question in questions]
    truths = by_key(told)
    for mark in shown(list(drawn.values())):
        assert any(is_said(mark, truth) for truth in truths.get(key_of(mark), [])), f"{page.path}?{query}: {mark}"
    check_maps(drawn, told)
    check_cases(exporting, filters, number)
    if told:
        check_files(exporting, *told[number % len(told)])


def check_maps(drawn: Mapping[tuple[str, str], Any], told: Sequence[Told]) -> None:
    """The words under the pointer on a map, and 上图 and 未上图 below it, are those of the question by its areas."""
    for scene in [said for (name, _), said in drawn.items() if name.endswith("-scene") and "risk" not in name]:
        level = scene["level"]
        asked, rows = next(pair for pair in told if pair[0].by == (level,))
        metric = next(BY_KEY[key] for key in asked.metrics if BY_KEY[key].name == scene["title"])
        for row in [row for row in rows if row[level]]:
            said = row[metric.key] if isinstance(row[metric.key], dict) else {"value": row[metric.key]}
            assert scene["texts"][row[level]] == words.shown(metric, Value(**said)).line
        line = drawn[f"{scene['id']}-tally", "children"]
        tally = [int(digits.replace(",", "")) for digits in re.findall(r"[\d,]+(?= 件| /|（|$|；)", line)]
        counted = metric.key if metric.is_count else "accepted"
        total, on_map = (sum(row[counted] for row in rows if row[level] or also) for also in (True, False))
        assert tally[:3] == [total, on_map, total - on_map]


def check_cases(client: TestClient, filters: Filters, number: int) -> None:
    query = filters.to_query()
    accepted = client.get(f"/query?metrics=accepted&{filters.without_view().to_query()}").json()["rows"][0]["accepted"]
    form = FORMATS[number % len(FORMATS)]
    body = client.get(export_address(query, format=form).removeprefix("/api/v1")).content
    found = READERS[form](body)
    lost = found.not_on_map.get("cases", 0)
    assert len(found.rows) + lost == accepted, f"{form} {query}"


def check_files(client: TestClient, question: Question, rows: Sequence[Mapping[str, Any]]) -> None:
    """The table of a question in every format that it can have."""
    forms = FORMATS if {"town", "village", "grid"} & set(question.by) else FORMATS[:3]
    for form in forms:
        wish = {"format": form, "metrics": question.metrics, "by": question.by}
        got = client.get(export_address(question.filters.to_query(), **wish).removeprefix("/api/v1"))  # type: ignore[arg-type]
        assert got.status_code == 200, got.text
        found: ReadBack = READERS[form](got.content)
        assert len(found.rows) == len(rows)
        for key in question.metrics:
            check_metric(found, BY_KEY[key].name, [row[key] for row in rows], form)
            if rows and f"{key}_before" in rows[0]:
                check_before(found, key, rows, form)


def check_before(found: ReadBack, key: str, rows: Sequence[Mapping[str, Any]], form: str) -> None:
    """The columns of the other span hold what the API says: value, N and how the number moved."""
    name, before = BY_KEY[key].name, [row[f"{key}_before"] for row in rows]
    head = next(h for h in found.headers if h.startswith(f"{name}·") and h.endswith("对比期"))
    values = [said["value"] if isinstance(said, dict) else said for said in before]
    assert found.column(head) == ["" if value is None else f"{value:.15g}" for value in values], (form, head)
    if f"{head}·分母 N" in found.headers:
        assert found.column(f"{head}·分母 N") == [str(said["N"]) for said in before], (form, head)
    assert found.column(head.replace("对比期", "变化")) == [row[f"{key}_moved"] for row in rows], (form, head)


def test_the_addresses_ask_for_something(exported: Ask) -> None:
    drawn = [draw(number, exported) for number in range(ADDRESSES)]
    filters = [parse(query, exported.vocabulary).filters for _, query in drawn]
    counts = [sum(exported.place_states(one).values()) for one in filters]
    assert sum(count > 0 for count in counts) > ADDRESSES / 3
    assert len(set(counts)) > 20
    assert {page.path for page, _ in drawn} == {page.path for page in PAGES}
    assert sum(bool(parse(query, exported.vocabulary).notes) for _, query in drawn) > ADDRESSES / 5


@pytest.mark.parametrize("page", WITH_NUMBERS, ids=lambda page: page.key)
def test_a_number_that_the_api_does_not_say_would_be_noticed(
    exported_county: Warehouse, exported: Ask, exporting: TestClient, page: Page
) -> None:
    truths = by_key([(one, rows_of(exporting, one)) for one in page.exports(exported, Filters())])
    marks = list(shown(list(filled(page, exported_county, "").values())))
    # The rows of a table that asks for them in pieces come later.
    assert len(marks) > (2 if page.windows else 20)
    for mark in marks[:5]:
        wrong = {**mark, "value": repr(float(mark["value"] or 0) + 1)}
        assert any(is_said(mark, truth) for truth in truths[key_of(mark)])
        assert not any(is_said(wrong, truth) for truth in truths[key_of(mark)])
