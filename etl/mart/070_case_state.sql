-- Grain: one row per case: what it is as of the snapshot. Joins what the steps, spells and deadlines came to.
create table case_state as
with last_spell as (
    select case_key, closed_at, nth from spell qualify row_number() over (partition by case_key order by nth desc) = 1
),
logged as (
    select case_key, min(event_at) filter (where action = 'dispatch') as dispatch_at,
           max_by(to_department, seq) filter (where action = 'dispatch' and role = 'lead') as department,
           min(event_at) filter (where action = 'report') as report_at,
           min(event_at) filter (where action = 'grade') as grade_at
    from step where action in ('dispatch', 'report', 'grade') group by case_key
)
select b.case_key, l.closed_at as close_at, l.nth - 1 as reopen_cnt,
       coalesce(b.dispatch_at, g.dispatch_at) as dispatch_at,
       coalesce(b.report_at, g.report_at) as report_at,
       coalesce(b.grade_at, g.grade_at) as grade_at,
       coalesce(b.lead_department, g.department, '') as department,
       d.clock_start_at, d.due0_at, d.due_at, d.extend_cnt, d.pause_minutes, d.limit_hours,
       case when l.closed_at is not null then 'closed'
            when d.due_at < getvariable('as_of') then 'overdue'
            when d.due_at - warning(d.limit_hours) <= getvariable('as_of') then 'due_soon'
            else 'on_track' end as status,
       case when l.closed_at is not null and b.callback_valid and b.satisfaction in ('satisfied', 'mostly', 'dissatisfied')
            then case b.satisfaction when 'satisfied' then 1.0 when 'mostly' then 0.9 else 0.0 end end as rating
from case_base as b
join last_spell as l using (case_key)
left join logged as g using (case_key)
left join deadline as d using (case_key);
