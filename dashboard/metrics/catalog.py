"""Which numbers are there? Every number on every screen is defined here, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["flow", "stock", "rate", "duration", "current"]
Better = Literal["up", "down", "neither"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number of the catalogue.

    `of` selects the ledger rows that are counted (a rate's numerator, a duration's rows) and `among` a rate's
    denominator; both are SQL predicates over one ledger row, written from the columns of `etl.contract.LEDGER`.
    `weight` makes a numerator row count for more or less than one; `hours` is the column a duration is taken from.
    `events` are the ledger events that can satisfy either predicate: the compiler reads no others. What `matures` goes
    on changing after its period: a case accepted yesterday had less time to be closed than one of last month, so that
    two spans are not like for like.
    """

    key: str
    name: str
    meaning: str
    formula: str
    kind: Kind
    events: tuple[str, ...]
    of: str
    among: str = ""
    weight: str = ""
    statistic: Literal["", "median", "p90", "mean"] = ""
    hours: str = "hours"
    unit: str = "件"
    better: Better = "neither"
    clock: str = "自然时"
    min_n: int = 10
    code: str = ""
    guard: str = ""
    matures: bool = False

    @property
    def is_count(self) -> bool:
        """Does it count cases or events, so that the values of parts add up to the whole?"""
        return self.kind in ("flow", "stock", "current")


_CLOSED = ("closed",)
_DURATION = {
    "kind": "duration",
    "events": _CLOSED,
    "of": "event = 'closed' and hours is not null",
    "unit": "小时",
    "better": "down",
}


def _wuhua_count(key: str, name: str, meaning: str, status: str) -> Metric:
    return Metric(
        key=key,
        name=name,
        meaning=meaning,
        formula=f"本期期限届满的五化事项中状态为“{name}”的件数",
        kind="flow",
        events=("wuhua",),
        of=f"event = 'wuhua' and wuhua_status = '{status}'",
        better="up" if status == "met" else "down",
        code="D§3",
        matures=status != "met",
    )


_LOOP_CLOCK = "自然时（环节与渠道的口径为本项目默认值）"


def _loop_rate(
    key: str,
    name: str,
    *,
    meaning: str,
    formula: str,
    of: str,
    among: str = "",
    code: str = "",
    matures: bool = True,
) -> Metric:
    """A share of one step of the loop, over the cases accepted in the period; `among` narrows the denominator."""
    rows = "event = 'accepted'"
    base = f"{rows} and {among}" if among else rows
    return Metric(
        key=key,
        name=name,
        code=code,
        meaning=meaning,
        formula=formula,
        kind="rate",
        unit="%",
        better="up",
        events=("accepted",),
        of=f"{base} and {of}",
        among=base,
        clock=_LOOP_CLOCK,
        matures=matures,
    )


def _loop_hours(key: str, name: str, *, meaning: str, formula: str, hours: str, matures: bool = False) -> Metric:
    """How long one step of the loop took, the middle case of those accepted in the period that have both times."""
    return Metric(
        key=key,
        name=name,
        meaning=meaning,
        formula=f"中位数（{formula}）",
        kind="duration",
        unit="小时",
        better="down",
        events=("accepted",),
        of=f"event = 'accepted' and {hours} is not null",
        statistic="median",
        hours=hours,
        code="D§15",
        clock=_LOOP_CLOCK,
        matures=matures,
    )


_BASE: tuple[Metric, ...] = (
    Metric(
        key="accepted",
        name="受理量",
        code="K01",
        kind="flow",
        meaning="本期受理的事项数",
        formula="受理时间在本期内的事项件数",
        events=("accepted",),
        of="event = 'accepted'",
    ),
    Metric(
        key="closed",
        name="办结量",
        code="K01",
        kind="flow",
        meaning="本期办结的件次；重开后再次办结的再计一次",
        formula="办结时间在本期内的件次",
        events=_CLOSED,
        of="event = 'closed'",
    ),
    Metric(
        key="open",
        name="在办量",
        kind="stock",
        better="down",
        meaning="期末仍未办结的事项数（含重开未结）",
        formula="期末累计：受理 + 重开 − 办结",
        events=("accepted", "closed", "reopened"),
        of="event in ('accepted', 'closed', 'reopened')",
    ),
    Metric(
        key="overdue_open",
        name="在办超期",
        code="K05",
        kind="stock",
        better="down",
        meaning="期末仍未办结且已过期限的事项数",
        formula="期末累计：期限届满仍在办（或超期后重开） − 超期后办结",
        events=("overdue", "cleared"),
        of="event in ('overdue', 'cleared')",
        clock="按事项期限（自然日或工作日，含批准的延期与中止）",
    ),
    Metric(
        key="closure_rate",
        name="办结率",
        code="K02",
        kind="rate",
        unit="%",
        better="up",
        meaning="本期受理的事项中，到数据截至时已办结的占比；近期受理的还没到期，天然偏低",
        formula="本期受理且已办结 ÷ 本期受理",
        events=("accepted",),
        of="event = 'accepted' and closed_by_now",
        among="event = 'accepted'",
        guard="与重开率、按时办结率同看",
        matures=True,
    ),
    Metric(
        key="on_time_rate",
        name="按时办结率",
        code="K03",
        kind="rate",
        unit="%",
        better="up",
        meaning="本期应办结的事项中，在期限届满时已办结的占比；超期未办的计入分母",
        formula="期限在本期届满且届满时已办结 ÷ 期限在本期届满（应办结）",
        events=("due",),
        of="event = 'due' and met",
        among="event = 'due'",
        clock="按事项期限（自然日或工作日，含批准的延期与中止）",
        guard="与按原期限办结率、延期率、重开率、不可计算占比同看",
    ),
    Metric(
        key="on_time_rate_original",
        name="按原期限办结率",
        code="K03b",
        kind="rate",
        unit="%",
        better="up",
        meaning="不算延期和中止，按最初期限计算的按时办结率；与按时办结率的差就是延期与中止的作用",
        formula="原期限在本期届满且届满时已办结 ÷ 原期限在本期届满",
        events=("due_original",),
        of="event = 'due_original' and met",
        among="event = 'due_original'",
        clock="原期限（自然日或工作日）",
    ),
    Metric(
        key="overdue_rate",
        name="超期率",
        code="K04",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期应办结的事项中，期限届满时仍未办结的占比（= 1 − 按时办结率）",
        formula="期限在本期届满且届满时未办结 ÷ 期限在本期届满（应办结）",
        events=("due",),
        of="event = 'due' and not met",
        among="event = 'due'",
        clock="按事项期限（自然日或工作日，含批准的延期与中止）",
    ),
    Metric(
        key="sign_on_time_rate",
        name="签收及时率",
        code="K06",
        kind="rate",
        unit="%",
        better="up",
        meaning="本期分派中，在签收时限内签收的占比；时限尚未届满的分派不计",
        formula="时限内签收 ÷ 本期主办分派（签收时限已届满）",
        events=("dispatched",),
        of="event = 'dispatched' and sign_due_passed and signed_on_time",
        among="event = 'dispatched' and sign_due_passed",
        clock="自然时，分派起 2 小时（口径为本项目默认值）",
    ),
    Metric(
        key="handling_hours_median",
        name="办理时长中位数",
        code="K07",
        statistic="median",
        meaning="本期办结事项从受理到办结的时长，扣除中止与办结后重开前的间隔，取中位数",
        formula="中位数（办结时间 − 受理时间 − 中止时长）",
        **_DURATION,  # type: ignore[arg-type]
    ),
    Metric(
        key="handling_hours_p90",
        name="办理时长 P90",
        code="K07",
        statistic="p90",
        meaning="本期办结事项的办理时长，九成不超过此值",
        formula="90% 分位数（办结时间 − 受理时间 − 中止时长）",
        **_DURATION,  # type: ignore[arg-type]
    ),
    Metric(
        key="handling_hours_mean",
        name="平均办理时长",
        code="K07",
        statistic="mean",
        meaning="本期办结事项的平均办理时长；易受极端值影响，只在表格中列出",
        formula="平均（办结时间 − 受理时间 − 中止时长）",
        **_DURATION,  # type: ignore[arg-type]
    ),
    Metric(
        key="resolution_rate",
        name="化解成功率",
        code="K08",
        kind="rate",
        unit="%",
        better="up",
        meaning="办结 ≠ 化解：只看有化解结论的办结，成功的占比；引导法定途径、撤回、重复合并、无效不计",
        formula="化解成功 ÷（化解成功 + 化解未成）",
        events=_CLOSED,
        of="event = 'closed' and close_type = 'resolved'",
        among="event = 'closed' and close_type in ('resolved', 'unresolved')",
    ),
    Metric(
        key="satisfaction_rate",
        name="满意率",
        code="K09",
        kind="rate",
        unit="%",
        better="up",
        min_n=30,
        meaning="本期办结且有效回访的事项中，满意计 1、基本满意计 0.9 的占比",
        formula="（满意 + 0.9 × 基本满意）÷ 有效回访",
        events=_CLOSED,
        of="event = 'closed' and rating is not null",
        weight="rating",
        among="event = 'closed' and rating is not null",
        guard="回访率低时满意率没有意义，两者必须同看",
    ),
    Metric(
        key="callback_rate",
        name="回访率",
        code="K10",
        kind="rate",
        unit="%",
        better="up",
        meaning="本期办结件次中，完成有效回访（联系上本人并作出评价）的占比",
        formula="有效回访 ÷ 本期办结",
        events=_CLOSED,
        of="event = 'closed' and rating is not null",
        among="event = 'closed'",
        matures=True,
    ),
    Metric(
        key="repeat_rate",
        name="重复率",
        code="K11",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期受理中，同一当事人（假名）同一类别 90 日内再次反映的占比",
        formula="90 日内有同一当事人同一类别在先事项 ÷ 本期受理",
        events=("accepted",),
        of="event = 'accepted' and is_repeat",
        among="event = 'accepted'",
    ),
    Metric(
        key="reopen_rate",
        name="重开率",
        code="K12",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期办结件次中，办结后 30 日内重开的占比；办结不满 30 日的还可能上升",
        formula="30 日内重开 ÷ 本期办结",
        events=_CLOSED,
        of="event = 'closed' and reopened_soon",
        among="event = 'closed'",
        matures=True,
    ),
    Metric(
        key="return_rate",
        name="退单率",
        code="K13",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期主办分派中，被退回的占比（推诿与分派不准都会抬高它）",
        formula="被退回的主办分派 ÷ 本期主办分派",
        events=("dispatched",),
        of="event = 'dispatched' and returned",
        among="event = 'dispatched'",
        matures=True,
    ),
    Metric(
        key="extension_rate",
        name="延期率",
        code="K14",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期应办结的事项中，批准过延期的占比",
        formula="批准过延期 ÷ 期限在本期届满（应办结）",
        events=("due",),
        of="event = 'due' and extended",
        among="event = 'due'",
    ),
    Metric(
        key="supervised_rate",
        name="督办率",
        code="K15",
        kind="rate",
        unit="%",
        meaning="本期受理的事项中，被督办（一般、重点、挂牌）的占比",
        formula="督办 ÷ 本期受理",
        events=("accepted",),
        of="event = 'accepted' and supervised",
        among="event = 'accepted'",
        matures=True,
    ),
    Metric(
        key="self_found_rate",
        name="自主发现率",
        code="K16",
        kind="rate",
        unit="%",
        better="up",
        meaning="网格巡查等主动发现占主动发现与群众上报之和的比重；部门推送不计",
        formula="主动发现 ÷（主动发现 + 群众上报）",
        events=("accepted",),
        of="event = 'accepted' and discovery = 'self'",
        among="event = 'accepted' and discovery in ('self', 'complaint')",
    ),
    Metric(
        key="closed_in_grid_rate",
        name="一格解决率",
        code="K17",
        kind="rate",
        unit="%",
        better="up",
        meaning="“小事一格解决”：本期办结件次中在网格一级办结的占比",
        formula="网格级办结 ÷ 本期办结",
        events=_CLOSED,
        of="event = 'closed' and close_level = 'grid'",
        among="event = 'closed'",
    ),
    Metric(
        key="late_entry_rate",
        name="补录率",
        code="K18",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期采集的事项中，采集比发生晚 72 小时以上的占比",
        formula="采集时间 − 发生时间 > 72 小时 ÷ 本期采集（发生时间已填）",
        events=("entered",),
        of="event = 'entered' and late_entry",
        among="event = 'entered'",
    ),
    Metric(
        key="uncomputable_rate",
        name="不可计算占比",
        kind="rate",
        unit="%",
        better="down",
        meaning="本期受理中，因缺少必要时间或来源未给期限而算不出办理期限的占比；藏起它，按时率就会说谎",
        formula="算不出期限 ÷ 本期受理",
        events=("accepted",),
        of="event = 'accepted' and uncomputable",
        among="event = 'accepted'",
    ),
    Metric(
        key="wuhua_on_time_rate",
        name="五化按时率",
        code="D§3",
        kind="rate",
        unit="%",
        better="up",
        meaning="期限在本期届满的五化事项中按时的占比；临期、未到期不在分母，不可计算另列",
        formula="按时 ÷（按时 + 超期已办 + 超期未办）",
        events=("wuhua",),
        of="event = 'wuhua' and wuhua_status = 'met'",
        among="event = 'wuhua'",
        clock="各化时限见口径页（口径为本项目默认值）",
    ),
    _wuhua_count("wuhua_met", "按时", "在期限内完成规定动作的五化事项", "met"),
    _wuhua_count("wuhua_late", "超期已办", "过了期限才完成规定动作的五化事项", "late"),
    _wuhua_count("wuhua_missed", "超期未办", "过了期限仍未完成规定动作的五化事项", "missed"),
    Metric(
        key="wuhua_due_soon",
        name="临期",
        kind="current",
        code="D§3",
        better="down",
        meaning="当前未完成、已进入临期窗口的五化事项（不随时段变化）",
        formula="数据截至时未完成且距期限在临期窗口内的件数",
        events=("wuhua_pending",),
        of="event = 'wuhua_pending' and due_soon",
    ),
    Metric(
        key="wuhua_not_due",
        name="未到期",
        kind="current",
        code="D§3",
        meaning="当前未完成、尚未进入临期窗口的五化事项（不随时段变化）",
        formula="数据截至时未完成且未进入临期窗口的件数",
        events=("wuhua_pending",),
        of="event = 'wuhua_pending' and not due_soon",
    ),
    Metric(
        key="wuhua_uncomputable",
        name="不可计算",
        kind="flow",
        code="D§3",
        better="down",
        meaning="缺少计时起点或终点、算不出五化期限的事项",
        formula="本期受理且五化计时缺少必要时间的件数",
        events=("wuhua_unknown",),
        of="event = 'wuhua_unknown'",
    ),
)

LOOP = (
    _loop_rate(
        "loop_self_reported_rate",
        "群众指尖报占比",
        code="D§15-71",
        meaning="本期受理的事项中，由群众自己从指尖报等渠道上报的占比；算哪些渠道在 rules.toml 的 [loop] 中设定",
        formula="群众自报渠道的受理 ÷ 本期受理",
        of="self_reported",
        matures=False,
    ),
    _loop_rate(
        "loop_dispatched_rate",
        "派遣率",
        code="D§15-72",
        meaning="闭环第二步：本期受理的事项中，到数据截至时至少派遣过一次的占比；未经派遣就办结的断在这一步",
        formula="本期受理且派遣过 ÷ 本期受理",
        of="loop_step >= 2",
    ),
    _loop_rate(
        "loop_right_first_rate",
        "一次派准率",
        code="D§15-72",
        meaning="本期受理且派遣过的事项中，从未被退回的占比",
        formula="派遣过且从未退回 ÷ 派遣过",
        of="sent_right",
        among="loop_step >= 2",
    ),
    _loop_rate(
        "loop_handled_rate",
        "派遣办结率",
        code="D§15-73",
        meaning="闭环第三步：本期受理且派遣过的事项中，到数据截至时已办结的占比；近期受理的还没到期，天然偏低",
        formula="派遣过且已办结 ÷ 派遣过",
        of="loop_step >= 3",
        among="loop_step >= 2",
    ),
    _loop_rate(
        "loop_assisted_rate",
        "协办参与率",
        code="D§15-73",
        meaning="本期受理且派遣过的事项中，除主办外还派给了协办部门的占比",
        formula="派遣过且有协办部门 ÷ 派遣过",
        of="assisted",
        among="loop_step >= 2",
    ),
    replace(
        _loop_rate(
            "loop_late_rate",
            "派后超期占比",
            code="D§15-73",
            meaning="本期受理且派遣过的事项中，到数据截至时仍未办结且已过期限的占比；它们断在第三步",
            formula="派遣过、未办结且已过期限 ÷ 派遣过",
            of="loop_step = 2 and status = 'overdue'",
            among="loop_step >= 2",
        ),
        better="down",
    ),
    _loop_rate(
        "loop_traced_rate",
        "闭环率",
        code="D§15-59",
        meaning="闭环第四步：本期受理、派遣过且已办结的事项中，办结后有效回访（联系上本人并作出评价）的占比",
        formula="派遣过、已办结且有效回访 ÷ 派遣过且已办结",
        of="loop_step >= 4",
        among="loop_step >= 3",
    ),
    _loop_rate(
        "loop_complete_rate",
        "留痕完整率",
        code="D§15-74",
        meaning="本期受理、派遣过且已办结的事项中，上报、派遣、签收、办结各环节时间齐全的占比",
        formula="各环节时间齐全 ÷ 派遣过且已办结",
        of="is_traced",
        among="loop_step >= 3",
        matures=False,
    ),
    _loop_rate(
        "loop_whole_rate",
        "全程闭环率",
        code="D§15-38",
        meaning="本期受理的事项中，走完派遣、办结、有效回访全部环节的占比；近期受理的还没办完，天然偏低",
        formula="派遣过、已办结且有效回访 ÷ 本期受理",
        of="loop_step >= 4",
    ),
    _loop_hours(
        "loop_accept_hours",
        "上报到受理",
        meaning="本期受理的事项从上报到受理的时长，取中位数",
        formula="受理时间 − 上报时间",
        hours="accept_hours",
    ),
    _loop_hours(
        "loop_dispatch_hours",
        "受理到派遣",
        meaning="本期受理的事项从受理到首次派遣的时长，取中位数",
        formula="首次派遣时间 − 受理时间",
        hours="dispatch_hours",
    ),
    _loop_hours(
        "loop_handle_hours",
        "派遣到办结",
        meaning="本期受理且已办结的事项从首次派遣到办结的时长，含挂起与重开，取中位数；未办结的不在其中",
        formula="办结时间 − 首次派遣时间",
        hours="handle_hours",
        matures=True,
    ),
    _loop_hours(
        "loop_callback_hours",
        "办结到回访",
        meaning="本期受理且已闭环的事项从办结到有效回访的时长，取中位数",
        formula="回访时间 − 办结时间",
        hours="callback_hours",
        matures=True,
    ),
)
"""The loop 群众指尖报 → 平台精准分 → 部门协同办 → 全程可追踪; each step's cases are among those of the one before."""

METRICS: tuple[Metric, ...] = (*_BASE, *LOOP)

BY_KEY: dict[str, Metric] = {metric.key: metric for metric in METRICS}
