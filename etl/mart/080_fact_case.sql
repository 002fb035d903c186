-- Grain: one row per accepted case, in order of acceptance (so that a time range reads few row groups).
create table fact_case as
select b.case_key, b.case_id, b.title, b.prior_kind, b.kind_changed_at, b.complexity, b.discovery,
       round(p.lon, 3) as lon, round(p.lat, 3) as lat,
       b.occur_at, b.entry_at, s.report_at, b.accept_at, s.grade_at, b.first_response_at, s.dispatch_at, b.rectify_at,
       b.first_contact_at, b.session_planned_at, b.session_held_at, s.close_at, s.due0_at, s.due_at,
       coalesce(s.extend_cnt, 0)::integer as extend_cnt, coalesce(s.pause_minutes, 0)::double as pause_minutes,
       s.reopen_cnt::integer as reopen_cnt, coalesce(b.supervision, '0') as supervision,
       case when s.close_at is not null then b.close_type end as close_type,
       b.close_level, b.agreement, b.satisfaction,
       s.rating is not null as callback_valid, b.people_involved, b.amount_yuan, b.is_repeat, b.source_verdict,
       b.src_system, b.town, b.village, b.grid, s.department, b.kind, b.severity, coalesce(b.level, '') as level,
       coalesce(b.category, '') as category, coalesce(b.channel, '') as channel, s.status,
       -- Every case has one place: 受理 is the sum of them. A case of no known grid is on no map of grids, whatever its
       -- point, unless the county has no grids at all. (0,0) is no coordinate.
       case when b.grid = '' and exists (select 1 from dim_grid) then 'no_grid' when p.lon is not null then 'point'
            when p.problem in ('outside', 'swapped') then 'outside' when p.problem = 'wrong_grid' then 'wrong_grid'
            when b.grid = '' then 'no_grid' else 'no_point' end as place
from case_base as b
join case_state as s using (case_key)
left join case_point as p using (case_key)
order by b.case_key;
