"""Texts that run where a page makes markup of them, and a county all of whose names are such texts.

Each calls `__xss(n)`, or asks for the path `/__xss/n`: both are watched.
"""

from __future__ import annotations

import csv
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

from etl.reference import Reference
from tests import builders

_TEXTS = (
    "<script>__xss(N)</script>",
    '"><script>__xss(N)</script>',
    "</script><script>__xss(N)</script>",
    "</title><script>__xss(N)</script>",
    "--><script>__xss(N)</script>",
    "<img src=x onerror=__xss(N)>",
    '"><img src=x onerror=__xss(N)>',
    "'><img/src=x/onerror=__xss(N)>",
    "<img src=/__xss/N>",
    "<svg onload=__xss(N)>",
    "<svg/onload=__xss(N)>",
    "<svg><script>__xss(N)</script></svg>",
    "<svg><animate onbegin=__xss(N) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:__xss(N)><text y=9>x",
    "<body onload=__xss(N)>",
    '<iframe srcdoc="<script>parent.__xss(N)</script>">',
    "<iframe src=javascript:parent.__xss(N)></iframe>",
    "<object data=javascript:__xss(N)></object>",
    "<embed src=javascript:__xss(N)>",
    "<a href=javascript:__xss(N)>x</a>",
    "javascript:__xss(N)",
    "jav&#x09;ascript:__xss(N)",
    "[x](javascript:__xss(N))",
    "![x](/__xss/N)",
    '![x](x"onerror="__xss(N))',
    "<javascript:__xss(N)>",
    "{{constructor.constructor('__xss(N)')()}}",
    "${__xss(N)}",
    "<%= __xss(N) %>",
    "<math><mtext><img src=x onerror=__xss(N)></mtext></math>",
    "<math><a xlink:href=javascript:__xss(N)>x</a></math>",
    '" onmouseover="__xss(N)',
    "' autofocus onfocus='__xss(N)",
    "x` onmouseover=`__xss(N)",
    "<details open ontoggle=__xss(N)>x</details>",
    "<input autofocus onfocus=__xss(N)>",
    "<video><source onerror=__xss(N)></video>",
    "<style>@import'/__xss/N'</style>",
    "<link rel=stylesheet href=/__xss/N>",
    "<b style=background:url(/__xss/N)>x</b>",
    "<form action=javascript:__xss(N)><button autofocus>x",
    '<a href="/__xss/N" onclick="__xss(N)">x</a>',  # Plotly makes links of it
    "%{y}<a href='javascript:__xss(N)'>x</a><extra></extra>",  # and fills in templates
    '{"function":"__xss(N)"}',  # AG Grid's way to say code
    "params.value=__xss(N)",
    "'-__xss(N)-'",
    "{s}.tile{z}<img src=/__xss/N>",  # Leaflet's templates
    "<noscript><p title='</noscript><img src=x onerror=__xss(N)>'>",
)
PAYLOADS = tuple(text.replace("(N)", f"({n})").replace("/N", f"/{n}") for n, text in enumerate(_TEXTS))
SHORT = tuple(text for text in PAYLOADS if len(text) <= 40)

START = datetime(2026, 1, 2, 9)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIDE = 0.02


def code(n: int) -> str:
    """A payload as a code: identifiers lose their spaces, and an address takes 64 letters."""
    return PAYLOADS[n % len(PAYLOADS)].replace(" onerror", "/onerror").replace(" ", "/")[:60]


def write(folder: Path) -> Path:
    """A delivery in which every text that a file can hold is a payload, each of them in each field."""
    count = range(len(PAYLOADS))
    towns, villages = [f"990108{100 + n}" for n in count], [f"990108{100 + n}001" for n in count]
    county = {"region_code": builders.COUNTY, "region_name": PAYLOADS[5], "region_level": "county"}
    regions = [county | {"region_type": PAYLOADS[0]}]
    for n, text in enumerate(PAYLOADS):
        place = {"region_name": text, "region_type": text, "urban_rural_code": text}
        regions.append(place | {"region_code": towns[n], "region_level": "town", "parent_code": builders.COUNTY})
        regions.append(place | {"region_code": villages[n], "region_level": "village", "parent_code": towns[n]})
    builders.write_records(folder / "regions.csv", "regions", regions)
    grids = [
        {"grid_code": code(n), "grid_name": text, "village_code": villages[n], "boundary_wkt": _square(n)}
        | {"population": 900 + n, "households": 300}
        for n, text in enumerate(PAYLOADS)
    ]
    builders.write_records(folder / "grids.csv", "grids", grids)
    departments = [
        {"department": code(n), "department_name": text, "line": text, "parent_department": code(n + 1)}
        for n, text in enumerate(PAYLOADS)
    ]
    builders.write_records(folder / "departments.csv", "departments", departments)
    _write_cases(folder)
    visits = [
        {"care_group": f"C{1 + n % 3}", "village_code": villages[n // 8 * 8], "month": date(2026, 2, 1)}
        | {"visited_on": date(2026, 2, 9) if n % 2 else None, "needs_raised": 1, "needs_met": 1, "证件号码": text}
        for n, text in enumerate(PAYLOADS * 3)
        if n // 8 * 8 < len(villages)
    ]
    builders.write_records(folder / "visits.csv", "care_visits", visits)
    return folder


def _square(n: int) -> str:
    west, south = 112.5 + n % 8 * SIDE, 37.8 + n // 8 * SIDE
    east, north = west + SIDE, south + SIDE
    return f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


def case_of(n: int) -> builders.Record:
    """Case `n`: its grid, department, number and title are payloads, further apart from each other each round."""
    count = len(PAYLOADS)
    place, at = n % count, START + n * 10 * HOUR
    return builders.case(
        f"{code(n)}{n // count}"[:62],
        at,
        "CDHPR"[n % 5],
        title=PAYLOADS[(n + n // count) % count],
        grid_code=code(place),
        lead_department=PAYLOADS[(n + 3) % count],
        category=f"{1 + n % 18:02d}",
        channel=f"{1 + n % 6:02d}",
        level=("red", "orange", "yellow", "blue")[n % 4],
        precision="point",
        report_at=at - HOUR,
        lon=112.51 + place % 8 * SIDE,
        lat=37.81 + place // 8 * SIDE,
        当事人姓名=PAYLOADS[n % count],
        当事人证件号码=PAYLOADS[n % count],
    )


def _write_cases(folder: Path) -> None:
    count = len(PAYLOADS)
    cases = [case_of(n) for n in range(count * 3)]
    builders.write_records(folder / "cases.csv", "cases", cases)
    log = []
    for n, case in enumerate(cases):
        at, name = case["accept_at"], case["case_id"]
        log.append(builders.step(name, at + HOUR, "dispatch", to_department=PAYLOADS[(n + 3) % count]))
        if n % 3:
            log.append(builders.step(name, at + 30 * HOUR, "close", from_department=PAYLOADS[(n + 3) % count]))
    builders.write_records(folder / "steps.csv", "case_events", log)
    for n, text in enumerate(text for text in PAYLOADS if "/" not in text):
        named = builders.case(f"FILE{n}", START + n * DAY, "C", title=text, grid_code=code(n), level=text)
        builders.write_records(folder / f"{text}.csv", "cases", [named])


def reference(folder: Path) -> Reference:
    """The reference folder with payloads for names of categories and words of codes that people may change."""
    shutil.copytree(builders.REFERENCE, folder)
    for name, column in (("categories", "name"), ("categories", "source")):
        path = folder / f"{name}.csv"
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
        for n, row in enumerate(rows):
            row[column] = PAYLOADS[(n * 2 + 1) % len(PAYLOADS)]
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return Reference(folder)
