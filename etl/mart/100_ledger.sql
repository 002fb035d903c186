-- Grain: one row per event of a case, with the case's dimensions; sorted by event and time. A flow counts events in a
-- span, a stock sums delta up to its end. Nothing in it lies after the data's own time, except pending deadlines.
create table case_dimension as
select case_key, town, village, grid, department, kind, severity, level, category, channel, status, place
from fact_case;

create table ledger_core as
select case_key, 'accepted' as event, accept_at as event_at, 1 as delta,
       f.status = 'closed' as closed_by_now, f.supervision != '0' as supervised, f.discovery, f.is_repeat,
       f.due_at is null as uncomputable, o.* exclude (case_key)
from fact_case as f join case_loop as o using (case_key);

create table ledger_closing as
with worked as (
    select s.case_key, s.nth, s.opened_at, s.closed_at, s.reopened_at,
           epoch(s.closed_at - s.opened_at) - coalesce(sum(epoch(least(p.to_at, s.closed_at) - greatest(p.from_at, s.opened_at)))
               filter (where p.from_at < s.closed_at and p.to_at > s.opened_at), 0) as seconds
    from spell as s left join pause as p using (case_key)
    group by s.case_key, s.nth, s.opened_at, s.closed_at, s.reopened_at
)
select w.case_key, 'closed' as event, w.closed_at as event_at, -1 as delta,
       sum(w.seconds) over (partition by w.case_key order by w.nth) / 3600 as hours,
       case when w.reopened_at is null then f.close_type end as close_type, f.close_level,
       case when w.reopened_at is null then s.rating end as rating,
       coalesce(w.reopened_at <= w.closed_at + to_days(getvariable('reopen_days')::integer), false) as reopened_soon
from worked as w join fact_case as f using (case_key) join case_state as s using (case_key)
where w.closed_at is not null;

create table ledger_due as
select f.case_key, 'due' as event, f.due_at as event_at, 0 as delta,
       f.accept_at <= f.due_at
           and not exists (select 1 from spell as s where s.case_key = f.case_key and s.opened_at <= f.due_at
                           and coalesce(s.closed_at > f.due_at, true)) as met,
       f.extend_cnt > 0 as extended
from fact_case as f where f.due_at < getvariable('as_of')
union all
select f.case_key, 'due_original', f.due0_at, 0,
       f.accept_at <= f.due0_at
           and not exists (select 1 from spell as s where s.case_key = f.case_key and s.opened_at <= f.due0_at
                           and coalesce(s.closed_at > f.due0_at, true)), null
from fact_case as f where f.due0_at < getvariable('as_of');

create table ledger_overdue as
with late as (
    select s.case_key, greatest(s.opened_at, f.due_at) as since_at, s.closed_at
    from spell as s join fact_case as f using (case_key)
    where f.due_at < getvariable('as_of') and greatest(s.opened_at, f.due_at) < coalesce(s.closed_at, 'infinity'::timestamp)
)
select case_key, 'overdue' as event, since_at as event_at, 1 as delta, since_at from late
union all
select case_key, 'cleared', closed_at, -1, since_at from late where closed_at is not null;

create table ledger_dispatch as
select case_key, 'dispatched' as event, assigned_at as event_at, 0 as delta, department,
       assigned_at + to_hours(getvariable('sign_limit_hours')::integer) < getvariable('as_of') as sign_due_passed,
       coalesce(sign_at <= assigned_at + to_hours(getvariable('sign_limit_hours')::integer), false) as signed_on_time,
       returned_at is not null as returned
from fact_case_dept where role = 'lead';

create table ledger_entry as
select case_key, 'entered' as event, entry_at as event_at, 0 as delta,
       entry_at - occur_at > to_hours(getvariable('late_entry_hours')::integer) as late_entry
from fact_case where entry_at <= getvariable('as_of') and occur_at is not null;

-- Every clock that ran on a case, judged once: the ledger counts these, a case's page shows them. The case's own clock
-- is that of P (问题限时化). A clock still running at its deadline is missed; one that stopped before a deadline that
-- lies ahead is early and counts when the deadline has passed.
create table fact_case_clock as
with hasty as (select distinct case_key from ledger_closing where reopened_soon),
own as (
    select f.case_key, 'due' as clock, f.kind, case when f.due_at is not null then s.clock_start_at end as start_at,
           f.due_at as deadline_at,
           f.close_at as stop_at, s.limit_hours, d.met, f.status = 'closed' as stopped,
           epoch(coalesce(f.close_at, getvariable('as_of')) - f.due_at) / 3600 / nullif(s.limit_hours, 0) + 1 as elapsed
    from fact_case as f join case_state as s using (case_key)
    left join ledger_due as d on d.case_key = f.case_key and d.event = 'due'
),
clocks as (
    select w.case_key, 'wuhua' as clock, w.kind, w.start_at, w.deadline_at, coalesce(w.stop_at, w.to_at) as stop_at,
           w.limit_hours,
           coalesce(w.stop_at <= w.deadline_at, false) and not (w.kind = 'D' and h.case_key is not null) as met,
           w.stop_at is not null or w.to_at is not null as stopped,
           epoch(coalesce(w.stop_at, w.to_at, getvariable('as_of')) - w.start_at) / 3600 / nullif(w.limit_hours, 0) as elapsed
    from wuhua_clock as w left join hasty as h using (case_key)
),
every_clock as (
    select * from own
    union all select * replace ('wuhua' as clock) from own where kind = 'P'
    union all select * from clocks
)
select case_key, clock, kind, start_at, deadline_at, stop_at, limit_hours, elapsed,
       case when deadline_at is null then 'unknown'
            when deadline_at < getvariable('as_of') and met then 'met'
            when deadline_at < getvariable('as_of') and stopped then 'late'
            when deadline_at < getvariable('as_of') then 'missed'
            when stopped then 'early'
            when deadline_at - warning(limit_hours) <= getvariable('as_of') then 'due_soon'
            else 'running' end as verdict
from every_clock;

create table ledger_wuhua as
select case_key, 'wuhua' as event, deadline_at as event_at, 0 as delta, kind, verdict as wuhua_status, elapsed,
       null as due_soon
from fact_case_clock where clock = 'wuhua' and deadline_at < getvariable('as_of')
union all
select case_key, 'wuhua_pending', deadline_at, 0, kind, null, null, verdict = 'due_soon'
from fact_case_clock where clock = 'wuhua' and verdict in ('due_soon', 'running')
union all
select c.case_key, 'wuhua_unknown', f.accept_at, 0, c.kind, null, null, null
from fact_case_clock as c join fact_case as f using (case_key) where c.clock = 'wuhua' and c.verdict = 'unknown';

create table ledger_reopen as
select case_key, 'reopened' as event, opened_at as event_at, 1 as delta from spell where nth > 1;

create table ledger_event as
select * from ledger_core
union all by name select * from ledger_closing
union all by name select * from ledger_reopen
union all by name select * from ledger_due
union all by name select * from ledger_overdue
union all by name select * from ledger_dispatch
union all by name select * from ledger_entry
union all by name select * from ledger_wuhua;
