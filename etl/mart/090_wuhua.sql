-- Grain: one row per case and kind it held: the clock of that kind's 化 (domain.md section 3).
-- A clock stops at its own time or at the first closing, whichever is earlier: a closed case awaits no response.
-- P (问题限时化) is not here: its clock is the case's own deadline, so that it equals on_time_rate by construction.
create table wuhua_clock as
with held as (
    select case_key, kind, case when prior_kind is not null then kind_changed_at end as changed_at,
           null::timestamp as to_at
    from case_base where kind != 'P'
    union all
    select case_key, prior_kind, null, kind_changed_at
    from case_base where prior_kind is not null and prior_kind != 'P' and kind_changed_at > accept_at
),
times as (
    select h.*, b.level, s.report_at, b.accept_at, s.dispatch_at, s.grade_at, b.first_response_at, b.rectify_at,
           b.first_contact_at, b.session_planned_at, b.session_held_at, f.closed_at as first_close
    from held as h join case_base as b using (case_key) join case_state as s using (case_key)
    join spell as f on f.case_key = h.case_key and f.nth = 1
),
started as (
    select t.*, r.level as rule_level, r.valid_from, r.amount, r.unit,
           case r.clock_start when 'report_at' then t.report_at when 'accept_at' then t.accept_at
                when 'dispatch_at' then t.dispatch_at when 'session_planned_at' then t.session_planned_at end as own_start,
           -- A kind is timed for the interval it was held: its clock cannot start before the kind did.
           case when own_start is not null then greatest(own_start, t.changed_at) end as start_at,
           case r.clock_stop when 'first_response_at' then t.first_response_at when 'grade_at' then t.grade_at
                when 'rectify_at' then t.rectify_at when 'first_contact_at' then t.first_contact_at
                when 'session_held_at' then t.session_held_at end as own_stop
    from times as t
    left join cfg_wuhua_rule as r on r.kind = t.kind and r.level in ('*', coalesce(t.level, '*'))
),
ruled as (
    select * from started
    qualify row_number() over (
        partition by case_key, kind
        order by coalesce(valid_from <= coalesce(start_at, changed_at, accept_at), false) desc,
                 (rule_level != '*') desc, valid_from desc nulls last) = 1
),
timed as (
    select r.*, least(own_stop, first_close) as stop_at,
           case when valid_from > coalesce(start_at, changed_at, accept_at) then null
                else case unit when 'minute' then start_at + to_seconds(amount * 60)
                     when 'hour' then start_at + to_seconds(amount * 3600)
                     when 'day' then start_at + to_seconds(amount * 86400)
                     when 'workday' then w.day + interval 1 day - interval 1 second end end as deadline_at
    from ruled as r
    left join dim_calendar as c on r.unit = 'workday' and c.day = r.start_at::date
    left join dim_calendar as w on w.is_workday and w.workday_no = c.workday_no + ceil(r.amount)::integer
)
select case_key, kind, accept_at, to_at, start_at, deadline_at,
       case when stop_at <= coalesce(to_at, stop_at) then stop_at end as stop_at,
       epoch(deadline_at - start_at) / 3600 as limit_hours
from timed
-- A kind that was left before its deadline, its clock still running, is not judged.
where not (to_at is not null and to_at <= coalesce(deadline_at, to_at)
           and coalesce(stop_at > to_at, true));
