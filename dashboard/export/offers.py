"""What can be handed over of a page, and how long would each file be? Said before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dashboard.ask import Ask
from dashboard.export.arrange import arranged
from dashboard.export.asked import FORMATS, Asked
from dashboard.export.limits import NO_POINTS, is_long, refusal
from dashboard.page import Question


def offers(ask: Ask, asked: Asked, questions: Sequence[Question], *, sees_cases: bool) -> dict[str, Any]:
    """The page's conditions in words, and its offers: cases, what was asked itself, the page's questions.

    An offer has its rows and, for each format, the query string of `/export`, whether it is handed over at once, as a
    job or refused, and why. Raises what `Ask.numbers` and `arranged` raise.
    """
    filters = asked.filters
    bare = replace(asked, metrics=(), by=(), sort="", columns=(), find="")
    cases = sum(ask.place_states(filters).values())
    found = [_offer("事项清单", bare if asked.metrics else asked, cases, points=sees_cases)]
    if asked.metrics:
        found.append(_numbers(ask, "本页汇总", asked))
    for question in questions:
        own = replace(bare, metrics=question.metrics, by=question.by, filters=question.filters)
        found.append(_numbers(ask, question.label, own) | {"grid": question.grid})
    return {"filters_in_words": filters.describe(ask.vocabulary), "offers": found}


def _numbers(ask: Ask, label: str, asked: Asked) -> dict[str, Any]:
    answer = ask.numbers(asked.metrics, by=asked.by, filters=asked.filters)
    return _offer(label, asked, len(arranged(answer, asked).rows))


def _offer(label: str, asked: Asked, rows: int, *, points: bool = True) -> dict[str, Any]:
    files = [_file(replace(asked, format=form), rows, points=points) for form in FORMATS]
    groups, metrics = list(asked.by), list(asked.metrics)
    return {"label": label, "grid": "", "metrics": metrics, "by": groups, "rows": rows, "files": files}


def _file(asked: Asked, rows: int, *, points: bool) -> dict[str, str]:
    why = refusal(asked, rows) or ("" if points or asked.format != "geojson" else NO_POINTS)
    way = "refused" if why else "job" if is_long(rows) else "direct"
    return {"format": asked.format, "query": asked.query, "way": way, "why": why}
