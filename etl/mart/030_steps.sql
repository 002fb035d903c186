-- Grain: one row per step of a case's log, in time order; only steps of loaded cases from their acceptance on.
create table step as
select b.case_key, e.event_at, e.action, e.from_department, e.to_department, coalesce(e.role, 'lead') as role,
       e.extension_amount,
       (row_number() over (partition by b.case_key order by e.event_at, e.seq nulls last, e.action))::integer as seq
from clean_case_event as e
join case_base as b on b.case_id = e.case_id;

create table fact_case_event as
select case_key, seq, event_at, action, from_department, to_department, role, extension_amount
from step order by case_key, seq;
