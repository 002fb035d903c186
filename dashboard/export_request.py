"""What does a request want exported? Its own parameters, described and checked, beside the page's filters."""

from __future__ import annotations

from fastapi import Query, Request
from starlette.datastructures import QueryParams

from dashboard.api import BadRequestError, split_keys, strict_filters
from dashboard.ask import CASE_ORDERS, Ask
from dashboard.described import groups_of, list_of, one_of
from dashboard.export.asked import FORMATS, Asked
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.query import GROUPS
from dashboard.stamps import PURPOSE, purpose_of

OWN_KEYS = ("format", "metrics", "by", "order", "sort", "columns", "find", "view", "purpose")
PAGE = r"^/[a-z]{0,20}$"


async def parameters(
    format: str = one_of(FORMATS, max_length=10),
    metrics: str = list_of(BY_KEY, "", most=len(BY_KEY), words="指标键，逗号分隔；不写为事项清单"),
    by: str = groups_of(GROUPS),
    order: str = one_of(CASE_ORDERS, "newest", words=f"事项的顺序：{'、'.join(CASE_ORDERS)}", max_length=20),
    sort: str = Query("", description="按哪一列排序，前加 - 为由大到小；无值的在后", max_length=60),
    columns: str = Query("", description="要哪些列，逗号分隔，按此顺序；不写为全部", max_length=2000),
    find: str = Query("", description="只要分组名称或代码含有它的行（指标汇总）", max_length=60),
    view: str = Query("/", description="从哪一页导出，如 /departments；说明里的链接打开它", pattern=PAGE),
    purpose: str = PURPOSE,
) -> None:
    """The parameters of every export route: described, and checked, before `asked_of` reads them."""


def asked_of(ask: Ask, request: Request, *, also: tuple[str, ...] = ()) -> Asked:
    """What the request asks for; `also` are further keys of a route. Raises `BadRequestError` with a sentence."""
    said = request.query_params
    _check(said)
    purpose_of(request)
    metrics = tuple(dict.fromkeys(split_keys(said.get("metrics", ""))))
    by = split_keys(said.get("by", ""))
    if not metrics and ("metrics" in said or by):
        raise BadRequestError("by 与 metrics 同用：请写明要导出的指标，或去掉分组以导出事项清单")
    columns = split_keys(said.get("columns", ""))
    if "columns" in said and not columns:
        raise BadRequestError("columns 没有取值：请写明要哪些列，或不写")
    return Asked(
        format=said["format"],
        filters=strict_filters(ask, request, own_keys=(*OWN_KEYS, *also)),
        metrics=metrics,
        by=by,
        order=said.get("order", "newest"),
        sort=said.get("sort", ""),
        columns=columns,
        find=said.get("find", "").strip(),
        view=said.get("view", "/"),
    )


def _check(said: QueryParams) -> None:
    if said["format"] not in FORMATS:
        raise BadRequestError(f"format 只能是 {'、'.join(FORMATS)}")
    if said.get("order", "newest") not in CASE_ORDERS:
        raise BadRequestError(f"order 只能是 {'、'.join(CASE_ORDERS)}")
    if "metrics" in said and "order" in said:
        raise BadRequestError("order 只用于事项清单，不与 metrics 同用")
    if "order" in said and "sort" in said:
        raise BadRequestError("order 与 sort 只能用一个")
    if "find" in said and "metrics" not in said:
        raise BadRequestError("find 只用于指标汇总，与 metrics 同用；事项清单请用筛选条件")
