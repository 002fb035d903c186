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

-- Grain: one row per pause. 挂起 opens one only while the case is open; 恢复 or the closing ends it, else it lasts to
-- the time of the data.
create table pause as
with switches as (
    select s.case_key, p.nth, p.closed_at, s.event_at, s.action, s.seq
    from step as s
    join spell as p
      on p.case_key = s.case_key and p.opened_at <= s.event_at and coalesce(s.event_at < p.closed_at, true)
    where s.action in ('suspend', 'resume')
    qualify s.action is distinct from lag(s.action) over (partition by s.case_key, p.nth order by s.seq)
)
select case_key, event_at as from_at,
       coalesce(next_at, closed_at, getvariable('as_of')) as to_at
from (select *, lead(event_at) over (partition by case_key, nth order by seq) as next_at from switches)
where action = 'suspend';

create table fact_case_pause as select case_key, from_at, to_at from pause;
