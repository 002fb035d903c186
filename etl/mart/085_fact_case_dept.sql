-- Grain: one row per dispatch of a case to a department. A sign-on or a return belongs to the last dispatch of the
-- lead role before it, if that department did it.
create table fact_case_dept as
with hops as (
    select *, (count(*) filter (where action = 'dispatch' and role = 'lead')
               over (partition by case_key order by seq))::integer as hop
    from step where action in ('dispatch', 'sign', 'return')
),
leads as (select case_key, hop, to_department, event_at from hops where action = 'dispatch' and role = 'lead'),
answers as (
    select h.case_key, h.hop,
           min(h.event_at) filter (where h.action = 'sign') as sign_at,
           min(h.event_at) filter (where h.action = 'return') as returned_at
    from hops as h join leads as l using (case_key, hop)
    where h.action in ('sign', 'return') and h.role = 'lead'
      and coalesce(h.from_department, l.to_department) is not distinct from l.to_department
    group by all
)
select l.case_key, l.hop, coalesce(l.to_department, '') as department, 'lead' as role, l.event_at as assigned_at,
       a.sign_at, a.returned_at
from leads as l left join answers as a using (case_key, hop)
union all
select case_key, 0, coalesce(to_department, ''), 'assist', event_at, null, null
from hops where action = 'dispatch' and role = 'assist'
order by 1, 2;
