-- Grain: one row per accepted case, with its place resolved and its severity derived (domain.md section 4).
-- A grid is the version that was in force when the case was accepted. Times after the data's own are not used (they
-- are flagged); an agreed session and a deadline may lie ahead.
create macro past(t) as case when t <= getvariable('as_of') then t end;

create table case_base as
with placed as (
    select c.* replace (
               past(occur_at) as occur_at,
               past(entry_at) as entry_at,
               past(report_at) as report_at,
               past(grade_at) as grade_at,
               past(first_response_at) as first_response_at,
               past(dispatch_at) as dispatch_at,
               past(rectify_at) as rectify_at,
               past(first_contact_at) as first_contact_at,
               past(session_held_at) as session_held_at,
               past(callback_at) as callback_at,
               past(archive_at) as archive_at,
               past(kind_changed_at) as kind_changed_at),
           coalesce(g.grid, '') as grid,
           coalesce(g.village, v.region_code, '') as village,
           coalesce(g.town, v.parent_code, t.region_code, '') as town
    from clean_case as c
    left join grid_version as g
           on g.grid = c.grid_code
          and (g.valid_from is null or g.valid_from <= c.accept_at)
          and (g.valid_to is null or c.accept_at < g.valid_to + interval 1 day)
    left join dim_region as v on v.region_code = c.village_code and v.region_level = 'village'
    left join dim_region as t on t.region_code = c.town_code and t.region_level = 'town'
    qualify row_number() over (partition by c.file_id, c.line_no order by g.valid_from desc nulls last) = 1
)
select (row_number() over (order by accept_at, case_id))::integer as case_key,
       placed.*,
       case when event_grade in ('01', '02', '03') or event_scale = '03' or level = 'red'
            then 'major' else 'general' end as severity,
       coalesce(accept_at - to_days(getvariable('repeat_days')::integer)
                  <= lag(accept_at) over (partition by party, category order by accept_at, case_id)
                and party is not null and party != '' and category is not null, false) as is_repeat
from placed
order by case_key;
