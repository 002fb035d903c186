-- Grain: one row per open spell of a case: from acceptance or a reopening to the next closing (null while open).
-- The log decides; a case whose log holds no closing is closed by the time in its own row. Two closings (or two
-- reopenings) in a row count once: the first.
create table turn as
with turns as (
    select case_key, accept_at as at_time, 1 as opens, -1 as seq from case_base
    union all
    select s.case_key, s.event_at, case s.action when 'reopen' then 1 else 0 end, s.seq
    from step as s join case_base as b using (case_key)
    where s.action in ('close', 'reopen') and s.event_at >= b.accept_at
    union all
    select case_key, close_at, 0, 1000000 from case_base
    where close_at is not null
      and case_key not in (select case_key from step where action = 'close')
)
select case_key, at_time, opens, seq
from turns
qualify opens != coalesce(lag(opens) over (partition by case_key order by at_time, seq), 0);

create table spell as
select case_key, at_time as opened_at, next_at as closed_at,
       (row_number() over (partition by case_key order by at_time, seq))::integer as nth,
       lead(at_time) over (partition by case_key order by at_time, seq) as reopened_at
from (select *, lead(at_time) over (partition by case_key order by at_time, seq) as next_at from turn)
where opens = 1;

-- Grain: one row per pause: 挂起 to 恢复, or to the closing that ended it, or to the time of the data while it lasts.
create table pause as
select p.case_key, p.event_at as from_at,
       least(coalesce(p.next_at, getvariable('as_of')),
             coalesce((select min(s.closed_at) from spell as s
                       where s.case_key = p.case_key and s.closed_at >= p.event_at), getvariable('as_of'))) as to_at
from (select *, lead(event_at) over (partition by case_key order by seq) as next_at
      from (select * from step where action in ('suspend', 'resume')
            qualify action is distinct from lag(action) over (partition by case_key order by seq))) as p
where p.action = 'suspend';
