-- Grain: one row per case: how far it has come round the loop 群众指尖报 → 平台精准分 → 部门协同办 → 全程可追踪, each
-- step inside the one before it, and how long each took in natural time. A time before the one it follows gives none.
create macro hours_from(start_at, end_at) as case when end_at >= start_at then epoch(end_at - start_at) / 3600 end;

create table case_loop as
with sent as (
    select case_key, bool_or(returned_at is not null) as was_returned, bool_or(sign_at is not null) as was_signed,
           bool_or(role = 'assist') as was_assisted
    from fact_case_dept group by case_key
),
called as (select case_key, max(event_at) as callback_at from step where action = 'callback' group by case_key),
steps as (
    select f.case_key, f.channel, f.report_at, f.accept_at, f.dispatch_at, f.close_at,
           case when f.callback_valid then coalesce(b.callback_at, c.callback_at) end as callback_at,
           case when f.dispatch_at is null then 1 when f.close_at is null then 2
                when not f.callback_valid then 3 else 4 end::tinyint as loop_step,
           coalesce(s.was_returned, false) as was_returned, coalesce(s.was_signed, false) as was_signed,
           coalesce(s.was_assisted, false) as was_assisted
    from fact_case as f
    join case_base as b using (case_key)
    left join sent as s using (case_key)
    left join called as c using (case_key)
)
select case_key, loop_step, list_contains(getvariable('loop_channels'), channel) as self_reported,
       loop_step >= 2 and not was_returned as sent_right,
       loop_step >= 2 and was_assisted as assisted,
       loop_step >= 3 and report_at is not null and was_signed as is_traced,
       hours_from(report_at, accept_at) as accept_hours,
       hours_from(accept_at, dispatch_at) as dispatch_hours,
       case when loop_step >= 3 then hours_from(dispatch_at, close_at) end as handle_hours,
       case when loop_step = 4 then hours_from(close_at, callback_at) end as callback_hours
from steps;
