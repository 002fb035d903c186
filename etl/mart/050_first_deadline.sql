-- Grain: one row per case: where its clock starts and its deadline as first set (null where it cannot be computed).
-- Working days count from the day after the start and end at 23:59:59 of the last one; other units are elapsed time.
create table first_deadline as
with clocked as (
    select b.case_key, b.accept_at, b.deadline, b.due_at as given_due, l.complexity, l.valid_from, l.amount, l.unit,
           case l.clock_start when 'accept_at' then b.accept_at when 'report_at' then b.report_at
                              when 'dispatch_at' then coalesce(b.dispatch_at, d.first_dispatch) end as start_at
    from case_base as b
    left join (select case_key, min(event_at) as first_dispatch from step where action = 'dispatch' group by all) as d
           using (case_key)
    left join cfg_limit as l on l.kind = b.kind and l.complexity in ('*', coalesce(b.complexity, 'general'))
),
-- Of the limits in force when the clock started, the newest for this complexity; before the first there is none.
chosen as (
    select * from clocked
    qualify row_number() over (
        partition by case_key
        order by coalesce(valid_from <= coalesce(start_at, accept_at), false) desc,
                 (complexity != '*') desc, valid_from desc nulls last) = 1
)
select c.case_key,
       case when c.deadline = 'source' then null else c.start_at end as clock_start_at,
       case when c.deadline = 'source' then null else c.unit end as unit,
       case when c.deadline = 'source' then c.given_due
            when c.valid_from > coalesce(c.start_at, c.accept_at) then null
            when c.unit = 'minute' then c.start_at + to_seconds(c.amount * 60)
            when c.unit = 'hour' then c.start_at + to_seconds(c.amount * 3600)
            when c.unit = 'day' then c.start_at + to_seconds(c.amount * 86400)
            when c.unit = 'workday' then w.day + interval 1 day - interval 1 second end as due0_at
from chosen as c
left join dim_calendar as s on c.unit = 'workday' and s.day = c.start_at::date
left join dim_calendar as w on w.is_workday and w.workday_no = s.workday_no + ceil(c.amount)::integer;
