"""Fifty persons who do not exist, in source files of every kind, and a grep that finds them in any dress."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pypdfium2
from openpyxl.comments import Comment

from tests import builders

NAME, NUMBER, PHONE, HOME = "鹮骉麤", "9901871979", "13900187", "鹮麤骉路"
"""What every canary of a kind begins with: no other text has it, so that one look finds all fifty."""
STEMS = (NAME, NUMBER, PHONE, HOME)
LETTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃列张寒来暑往秋收冬藏闰余成岁律吕"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Person:
    """A name, a certificate number whose check digit is wrong, a telephone number and an address."""

    name: str
    number: str
    phone: str
    home: str


def _number(n: int) -> str:
    body = f"{NUMBER}{1 + n % 12:02d}{1 + n % 28:02d}{n:03d}"
    right = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[(right + 1) % 11]


PEOPLE = tuple(
    Person(NAME + letter, _number(n), f"{PHONE}{n:03d}", f"{HOME}{n}弄{n + 300}号") for n, letter in enumerate(LETTERS)
)


# --- the grep -------------------------------------------------------------------------------------------------------


def dresses(text: str) -> Iterator[bytes]:
    """The bytes a text can hide in: as it is, in Chinese encodings, escaped for JSON and addresses, in base64."""
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        raw = text.encode(encoding)
        yield raw
        yield from _base64(raw)
    if not text.isascii():
        escaped = json.dumps(text).strip('"')
        yield from (escaped.encode(), escaped.upper().replace("\\U", "\\u").encode())
        yield from (quote(text).encode(), quote(text).lower().encode(), quote(text, encoding="gb18030").encode())
        yield "".join(f"&#{ord(letter)};" for letter in text).encode()
        yield "".join(f"&#x{ord(letter):x};" for letter in text).encode()
    else:
        yield text.translate({ord("0") + n: ord("０") + n for n in range(10)}).encode()


def _base64(raw: bytes) -> Iterator[bytes]:
    """What a base64 text holds of these bytes wherever they begin in it."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        inside = whole[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        yield from {inside, inside.replace(b"+", b"-").replace(b"/", b"_")}


FORMS = {stem: tuple(dict.fromkeys(dresses(stem))) for stem in STEMS}


def hits(content: bytes, forms: dict[str, tuple[bytes, ...]] = FORMS) -> set[str]:
    """The canaries in a body: in its bytes, and in what a reader's program makes of them."""
    found = {stem for stem, dressed in forms.items() if any(form in content for form in dressed)}
    for inner in _opened(content):
        found |= hits(inner, forms)
    return found


def _opened(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (name.encode() + b"\n" + archive.read(name) for name in archive.namelist())
    elif content.startswith(b"PAR1"):
        file = pq.ParquetFile(io.BytesIO(content))
        yield repr((file.schema_arrow.metadata, file.read().to_pylist())).encode()
    elif content.startswith(b"%PDF"):
        document = pypdfium2.PdfDocument(content)
        yield "\n".join(page.get_textpage().get_text_bounded() for page in document).encode()
        yield repr(document.get_metadata_dict()).encode()


# --- the delivery ---------------------------------------------------------------------------------------------------

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 1, 20, 9)
GRIDS, VILLAGES = tuple(builders.GRIDS), tuple(builders.VILLAGES)


def spoken(person: Person) -> str:
    """Free text with a person's numbers in it, as clerks write them."""
    phone, number = person.phone, person.number
    ways = (
        f"{number}来电{phone}反映噪声",
        f"联系+86{phone}，证件{number[:6]} {number[6:14]} {number[14:]}",
        f"电话{phone[:3]}-{phone[3:7]}-{phone[7:]}，{number.lower()}",
        f"电话{phone[:3]} {phone[3:7]} {phone[7:]}反映{number}",
        f"电话{_wide(phone)}，证件{_wide(number)}",
    )
    return ways[int(phone[-1]) % 5]


def _wide(text: str) -> str:
    return text.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})


def case_of(n: int, person: Person, sort: str = "A") -> builders.Record:
    """A good row: everything known of the person stands where the county has a column for it."""
    at = START + n * DAY
    return {
        **builders.case(f"{sort}{n}", at, "CDHPR"[n % 5], grid_code=GRIDS[n % 12], category="02", report_at=at - HOUR),
        "title": spoken(person),
        "satisfaction": "satisfied" if n % 3 else None,
        "callback_valid": True,
        "callback_at": at + 5 * HOUR,
        "lon": 112.51 + n % 12 / 20 + n / 10_000,
        "lat": 37.81,
        "precision": "point",
        "level": "blue",
        "channel": "01",
        "lead_department": "D01",
        "当事人姓名": person.name,
        "当事人证件号码": person.number,
        "当事人联系电话": person.phone,
        "事件简述": f"{person.name}（{person.home}）{person.phone}",
    }


def table(source: str, records: list[builders.Record]) -> list[list[str]]:
    """Records as rows of text under a county's headers; what is no field keeps its name as header."""
    columns = builders.header(source)
    keys = list(dict.fromkeys(key for record in records for key in record))
    return [[columns.get(k, k) for k in keys], *([builders.word(k, r.get(k)) for k in keys] for r in records)]


def shifted(rows: list[list[str]], n: int) -> list[str]:
    """A bad row: a person's own words in every column, as a lost separator puts them."""
    person = PEOPLE[n]
    texts = (person.name, person.home, person.number, person.phone, spoken(person))
    return [texts[place % 5] for place in range(n, n + len(rows[0]))]


def write(folder: Path) -> Path:
    """The whole delivery."""
    builders.write_places(folder)
    _write_places(folder)
    _write_cases(folder)
    _write_visits(folder)
    _write_odd(folder)
    return folder


def _write_places(folder: Path) -> None:
    for name, source in (("regions", "regions"), ("departments", "departments")):
        _add_column(folder / f"{name}.csv", source)
    people = iter(PEOPLE)
    grids = [
        {"grid_code": g, "village_code": v, "网格长姓名": p.name, "网格长联系电话": p.phone, "备注": p.home}
        for (g, v), p in zip(builders.GRIDS.items(), people, strict=False)
    ]
    rows = table("grids", grids)
    builders.write_csv(folder / "grids.csv", [*rows, shifted(rows, 2)], encoding="gb18030")
    population = [
        {"grid_code": g, "month": date(2026, 1, 1), "population": 900 + n, "households": 300, "备注": PEOPLE[n].name}
        for n, g in enumerate(GRIDS)
    ]
    rows = table("population", population)
    builders.write_csv(folder / "population.csv", [*rows, shifted(rows, 3)])
    features = [
        {
            "type": "Feature",
            "properties": {"网格编码": g, "网格名称": f"{n}号网格", "网格长姓名": p.name, "网格长联系电话": p.phone},
            "geometry": {"type": "Polygon", "coordinates": [_square(112.5 + n / 20, 37.8)]},
        }
        for n, (g, p) in enumerate(zip(GRIDS, PEOPLE, strict=False))
    ]
    collection = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder / "grids.geojson").write_text(collection, encoding="utf-8")


def _add_column(path: Path, source: str) -> None:
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [[*rows[0], "备注"], *([*row, f"{PEOPLE[n].name} {PEOPLE[n].phone}"] for n, row in enumerate(rows[1:]))]
    builders.write_csv(path, [*rows, [*shifted(rows, 1)[: len(rows[0]) - 1], ""]] if source == "x" else rows)


def _square(x: float, y: float) -> list[list[float]]:
    return [[x, y], [x + 0.04, y], [x + 0.04, y + 0.04], [x, y + 0.04], [x, y]]


def _write_cases(folder: Path) -> None:
    rows = table("cases", [case_of(n, person) for n, person in enumerate(PEOPLE)])
    late = dict(zip(rows[0], rows[1], strict=True)) | {"事件编号": "LATE", "受理时间": "2027-01-01 00:00:00"}
    again = dict(zip(rows[0], rows[2], strict=True)) | {"事件名称": spoken(PEOPLE[7])}
    bad = [*(shifted(rows, n) for n in range(5)), list(late.values()), list(again.values()), [*rows[3], PEOPLE[3].home]]
    builders.write_csv(folder / "cases.csv", [*rows, *bad], encoding="gb18030")
    builders.write_csv(folder / "more.csv", table("cases", [case_of(n, p, "B") for n, p in enumerate(PEOPLE)]))
    _write_workbook(folder / "book.xlsx", table("cases", [case_of(n, p, "C") for n, p in enumerate(PEOPLE)]), "cases")
    rows = table("cases", [case_of(n, p, "D") for n, p in enumerate(PEOPLE)])
    lines = [json.dumps(dict(zip(rows[0], row, strict=True)), ensure_ascii=False) for row in rows[1:]]
    lines += [json.dumps({PEOPLE[4].name: PEOPLE[4].home}, ensure_ascii=False), f"{{{PEOPLE[5].name}"]
    (folder / "cases.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = table("cases", [case_of(n, p, "E") for n, p in enumerate(PEOPLE)])
    whole = pa.table({name: [row[place] for row in rows[1:]] for place, name in enumerate(rows[0])})
    pq.write_table(whole.replace_schema_metadata({"author": PEOPLE[6].name}), folder / "cases.parquet")
    steps = []
    for n, p in enumerate(PEOPLE):
        at, said = START + n * DAY, f"{p.name}住{p.home}，{p.phone}"
        steps.append({**builders.step(f"A{n}", at + HOUR, "dispatch", to_department="D01"), "操作说明": said})
        if n % 2:
            steps.append({**builders.step(f"A{n}", at + 3 * HOUR, "close"), "操作说明": said})
    rows = table("case_events", steps)
    builders.write_csv(folder / "steps.csv", [*rows, *(shifted(rows, n) for n in range(4))], encoding="gb18030")


def _write_visits(folder: Path) -> None:
    visits: list[dict[str, Any]] = [
        {
            "care_group": f"C{1 + n % 3}",
            "village_code": VILLAGES[n % 6],
            "month": date(2026, 2, 1),
            "visited_on": date(2026, 2, 10) if n % 2 else None,
            "needs_raised": 1,
            "needs_met": n % 2,
            "姓名": p.name,
            "证件号码": p.number,
            "联系电话": p.phone,
            "家庭住址": p.home,
        }
        for n, p in enumerate(PEOPLE)
    ]
    rows = table("care_visits", visits)
    bad = [shifted(rows, n) for n in range(5)]
    builders.write_csv(folder / "visits.csv", [*rows, *bad, rows[1], [*rows[2][:-1]]], encoding="gb18030")
    march = [visit | {"month": date(2026, 3, 1)} for visit in visits]
    _write_workbook(folder / "visits.xlsx", table("care_visits", march), "visits")


def _write_workbook(path: Path, rows: list[list[str]], title: str) -> None:
    """A workbook with canaries beside its cells as well: properties, sheet names, a comment, a hidden sheet."""
    book = openpyxl.Workbook()
    person, other = PEOPLE[8], PEOPLE[9]
    sheet = book.active
    assert sheet is not None
    sheet.title = f"{title}{person.name}{person.phone}"
    for row in [*rows, shifted(rows, 4)]:
        sheet.append(row)
    sheet["A2"].comment = Comment(f"{other.name} {other.number}", other.name)
    book.create_sheet(other.name)["A1"] = other.home
    hidden = book.create_sheet("隐藏")
    hidden.sheet_state, hidden["A1"] = "hidden", person.number
    book.properties.creator, book.properties.title = person.name, person.home
    book.properties.description = f"{person.number} {person.phone}"
    book.save(path)


def _write_odd(folder: Path) -> None:
    """Files that are refused or passed over, and names of files with numbers in them."""
    rows = [[p.name, p.number, p.phone, p.home] for p in PEOPLE]
    builders.write_csv(folder / "headerless.csv", rows)
    builders.write_csv(folder / "half.csv", [["事件编号", p.name, p.home] for p in PEOPLE], encoding="gb18030")
    person = PEOPLE[10]
    named = folder / f"网格员{person.phone}" / f"走访{person.number}.csv"
    builders.write_csv(named, table("cases", [case_of(1, person, "F")]))
    (folder / f"说明{person.phone}.docx").write_bytes(b"")
    (folder / "broken.geojson.txt").write_text(f'{{"{person.name}": "{person.home}"', encoding="utf-8")
