"""From text to typed rows: every value that cannot be read is named, every row gets exactly one fate."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from etl.entities import ENTITIES, Entity, Field
from etl.mapping import Mapping
from etl.reference import CALENDAR_FROM, CALENDAR_TO

EMPTY_WORDS = [
    "",
    "NULL",
    "null",
    "None",
    "nan",
    "NaN",
    "NaT",
    "无",
    "空",
    "-",
    "--",
    "—",
    "/",
    "N/A",
    "#N/A",
    "#REF!",
    "不详",
    "未知",
]

MACROS = """
create macro widthless(x) as trim(translate(x,
                                              '０１２３４５６７８９：－／．，\u3000\u200b\u200c\u200d\u2060\ufeff\u00a0\t',
                                          '0123456789:-/., '));
-- Plain ASCII (as many bytes as characters) needs no translation, which would be the slowest step of all.
create macro tidy(x) as case when strlen(x) = length(x) then trim(x) else widthless(x) end;
create macro clean(x) as case when list_contains(getvariable('empty_words'), tidy(x)) then null else tidy(x) end;
create macro clean_text(x) as case when not list_contains(getvariable('empty_words'), trim(x)) then trim(x) end;
create macro damaged_by_excel(x) as
    coalesce(regexp_full_match(x, '\\d+(\\.\\d+)?[eE]\\+?\\d+') or regexp_full_match(x, '\\d{15}000'), false);
-- A value at fault as findings may show it: times, amounts and codes, never words. In a row whose columns have slipped
-- any value may be a name or an address.
create macro legible(x) as
    case when regexp_full_match(x, '([^\\p{L}]|[年月日时分秒]|[A-Za-z]+\\d+|\\d+[A-Za-z]+)*') then x
         else '[文字已隐去]' end;
create macro plausible(t) as
    case when year(t) between getvariable('first_year') and getvariable('last_year') then t end;
"""

Words = Dictionary[str, Dictionary[str, str]]
"""Code set → word → code."""


@dataclass(frozen=True)
class Batch:
    """The raw rows of one mapping."""

    mapping: Mapping
    file_ids: tuple[int, ...]


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Define the macros and the empty staged tables."""
    con.execute("set variable empty_words = ?", [EMPTY_WORDS])
    con.execute("set variable first_year = ?::integer", [CALENDAR_FROM])
    con.execute("set variable last_year = ?::integer", [CALENDAR_TO - 1])
    con.execute(MACROS)
    con.execute("create table duplicate_row (file_id integer, line_no integer)")
    for entity in ENTITIES.values():
        keep = "temp table" if entity.name == "care_visit" else "table"
        columns = ", ".join(f"{f.name} {_SQL_TYPES[f.type]}" for f in entity.fields)
        con.execute(
            f"create {keep} stage_{entity.name} (file_id integer, line_no integer, src_system varchar,"
            f" own_dimensions boolean, deadline varchar, bad_fields varchar[], {columns})"
        )


def type_rows(con: duckdb.DuckDBPyConnection, batch: Batch, words: Words) -> None:
    """Type the raw rows of one mapping into its stage table and write what could not be read to quarantine."""
    entity = batch.mapping.kind
    params: dict[str, object] = {
        "files": list(batch.file_ids),
        "src": batch.mapping.src_system,
        "deadline": batch.mapping.deadline,
    }
    if any(field.type in ("time", "date") for field in entity.fields):
        params["formats"] = batch.mapping.time_formats
    typed = []
    for field in entity.fields:
        typed.append(f"{_typed(field, batch.mapping, words, params)} as typed_{field.name}")
    tidied = ", ".join(f"{_tidied(field)} as {field.name}" for field in entity.fields)
    bad = ", ".join(f"case when {_bad(field)} then '{field.name}' end" for field in entity.fields if _can_fail(field))
    columns = ", ".join(f"typed_{f.name}" for f in entity.fields)
    con.execute(
        f"""
        insert into stage_{entity.name}
        with tidied as materialized (select file_id, line_no, {tidied}
                                     from raw_{entity.name} where list_contains($files, file_id)),
        typed as (select tidied.*, {", ".join(typed)} from tidied{_word_lists(entity)})
        select file_id, line_no, $src, {batch.mapping.own_dimensions}, $deadline,
               list_filter([{bad}], lambda f: f is not null) as bad_fields, {columns}
        from typed
        """,
        params,
    )
    _report(con, entity, batch)


_SQL_TYPES = {
    "text": "varchar",
    "code": "varchar",
    "key": "varchar",
    "time": "timestamp",
    "date": "date",
    "integer": "integer",
    "number": "double",
    "boolean": "boolean",
}


def _typed(field: Field, mapping: Mapping, words: Words, params: dict[str, object]) -> str:
    """The SQL that reads one field; what it cannot read becomes null."""
    text = field.name
    if field.type == "code":
        return _code(field, mapping, words, params)
    if field.type == "key":
        return f"case when not damaged_by_excel({text}) then replace({text}, ' ', '') end"
    if field.type in ("time", "date"):
        moment = f"try_strptime({text}, $formats)"
        return f"plausible({moment})" if field.type == "time" else f"{moment}::date"
    if field.type in ("integer", "number"):
        number = f"try_cast(replace({text}, ',', '') as double)"
        whole = " and n = floor(n) and abs(n) < 2147483647" if field.type == "integer" else ""
        least = f" and n >= {field.minimum}" if field.minimum is not None else ""
        least += f" and n <= {field.maximum}" if field.maximum is not None else ""
        return (
            f"list_filter([{number}], lambda n: isfinite(n){whole}{least})[1]"
            f"::{'integer' if field.type == 'integer' else 'double'}"
        )
    if field.type == "boolean":
        return (
            f"case when {text} in ('是', '1', 'Y', 'true', '有') then true"
            f" when {text} in ('否', '0', 'N', 'false') then false end"
        )
    return text


def _code(field: Field, mapping: Mapping, words: Words, params: dict[str, object]) -> str:
    """The code of a word, from the joined word list of the field (see `_word_lists`)."""
    known = {**words.get(field.code_set, {}), **mapping.codes.get(field.name, {})}
    params[f"{field.name}_words"] = list(known) or [""]
    params[f"{field.name}_codes"] = list(known.values()) or [""]
    lookup = f"{field.name}_list.code"
    if mapping.own_dimensions and field.code_set in ("department", "category"):
        return f"coalesce({lookup}, {field.name})"
    return lookup


def _word_lists(entity: Entity) -> str:
    """One join per coded field to its list of words: a hash look-up, where a map would compare every word."""
    return "".join(
        f" left join (select unnest(${f.name}_words::varchar[]) as word, unnest(${f.name}_codes::varchar[]) as code)"
        f" as {f.name}_list on {f.name}_list.word = tidied.{f.name}"
        for f in entity.fields
        if f.type == "code"
    )


def _tidied(field: Field) -> str:
    """Texts keep their own punctuation; everything that is looked up or computed with is made half-width."""
    return f"clean_text({field.name})" if field.type == "text" else f"clean({field.name})"


def _can_fail(field: Field) -> bool:
    return field.required or field.type != "text"


def _bad(field: Field) -> str:
    unread = f"typed_{field.name} is null"
    return unread if field.required else f"{unread} and {field.name} is not null"


_ADVICE = {
    "code": "不在代码表中；请在 data/reference 补充，或在映射文件 [codes] 中写明对应关系",
    "key": "疑似被 Excel 改坏的编码（科学计数或末三位变 000），请以文本格式重新导出",
    "time": "不是可识别的时间，请按映射文件 time_formats 的写法导出",
    "date": "不是可识别的日期，请按映射文件 time_formats 的写法导出",
    "integer": "不是合理范围内的整数",
    "number": "不是合理范围内的数值",
    "boolean": "应填“是”或“否”",
    "text": "为空",
}


_MISSING = {
    "accept_at": "没有受理时间（尚未受理或不予受理），不进入统计",
    "boundary_wkt": "没有几何（漏画，或文件没有传输完整），请补画或重新导出",
}


def _report(con: duckdb.DuckDBPyConnection, entity: Entity, batch: Batch) -> None:
    """Write the unreadable values to quarantine: the row if it cannot do without the field, else the value alone."""
    con.execute(
        f"""
        create or replace temp table bad_row as
        select file_id, line_no, bad_fields from stage_{entity.name}
        where len(bad_fields) > 0 and list_contains($files, file_id)
        """,
        {"files": list(batch.file_ids)},
    )
    hit = {name for (name,) in con.execute("select distinct unnest(bad_fields) from bad_row").fetchall()}
    for field in entity.fields:
        if field.name in hit:
            _report_field(con, entity, field, batch)


def _report_field(con: duckdb.DuckDBPyConnection, entity: Entity, field: Field, batch: Batch) -> None:
    column = batch.mapping.columns.get(field.name, field.name)
    con.execute(
        f"""
        insert into quarantine
        select file_id, line_no, $column, coalesce(legible(left(tidy({field.name}), 40)), ''),
               case when clean({field.name}) is null then 'missing' else $rule end,
               case when clean({field.name}) is null then $missing else $sentence end, $severity
        from raw_{entity.name}
        semi join (select file_id, line_no from bad_row where list_contains(bad_fields, $field))
            using (file_id, line_no)
        """,
        {
            "column": column,
            "rule": f"unreadable_{field.type}",
            "missing": _MISSING.get(field.name, f"必填项“{column}”为空"),
            "sentence": f"“{column}”{_ADVICE[field.type]}",
            "severity": "quarantined" if field.required else "flagged",
            "field": field.name,
        },
    )


def settle(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Take repeats and conflicts out: `clean_<entity>` is the view of the staged rows that are left.

    A repeat with the same content is a duplicate; the same identity with other content is quarantined, because
    nothing says which of the two is right. Only identities that occur twice are compared: they are few.
    """
    stage_table, identity = f"stage_{entity.name}", ", ".join(entity.identity)
    kept = "anti join (select file_id, line_no from quarantine where severity = 'quarantined') using (file_id, line_no)"
    same = " and ".join(f"s.{name} is not distinct from twice.{name}" for name in entity.identity)
    content = ", ".join(f"s.{f.name}" for f in entity.fields)
    con.execute(
        f"""
        create or replace temp table repeated as
        with twice as (select {identity} from {stage_table} {kept} group by all having count(*) > 1),
        several as (select s.file_id, s.line_no, hash(({content})) as content, {_columns_of("s", entity.identity)}
                    from (select * from {stage_table} {kept}) as s join twice on {same})
        select file_id, line_no, {entity.identity[0]}::varchar as shown,
               row_number() over groups as nth, content = first_value(content) over groups as is_same
        from several window groups as (partition by {identity} order by file_id, line_no)
        """
    )
    con.execute("insert into duplicate_row select file_id, line_no from repeated where nth > 1 and is_same")
    con.execute(
        """
        insert into quarantine
        select file_id, line_no, '', coalesce(legible(left(shown, 40)), ''), 'conflicting_duplicate',
               '与前面一行编号相同但内容不同，无法判断哪一行正确，请核对后只保留一行', 'quarantined'
        from repeated where nth > 1 and not is_same
        """
    )
    view = "temp view" if entity.name == "care_visit" else "view"
    con.execute(
        f"create {view} clean_{entity.name} as select * exclude (bad_fields) from {stage_table} {kept}"
        " anti join duplicate_row using (file_id, line_no)"
    )


def _columns_of(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def quarantine_where(
    con: duckdb.DuckDBPyConnection, table: str, *, rule: str, condition: str, column: str, sentence: str, severity: str
) -> None:
    """Write the rows of a staged table that meet a condition to quarantine (rule texts are ours, never data)."""
    con.execute(
        f"""
        insert into quarantine
        select file_id, line_no, $column, coalesce(legible(left({column or "''"}::varchar, 40)), ''),
               $rule, $sentence, $severity
        from {table} where {condition}
        """,
        {"column": column, "rule": rule, "sentence": sentence, "severity": severity},
    )


def batches(files: Sequence[tuple[int, Mapping]], entity: Entity) -> list[Batch]:
    """The raw rows of one entity, grouped by the mapping that read them."""
    grouped: dict[str, list[int]] = {}
    known: dict[str, Mapping] = {}
    for file_id, mapping in files:
        if mapping.entity == entity.name:
            grouped.setdefault(mapping.name, []).append(file_id)
            known[mapping.name] = mapping
    return [Batch(known[name], tuple(ids)) for name, ids in grouped.items()]
