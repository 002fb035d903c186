-- Grain: one row per accepted case, with its place resolved and its severity derived (domain.md section 4).
create table case_base as
with placed as (
    select c.*,
           coalesce(g.grid, '') as grid,
           coalesce(g.village, v.region_code, '') as village,
           coalesce(g.town, v.parent_code, t.region_code, '') as town
    from clean_case as c
    left join dim_grid as g
           on g.grid = c.grid_code
          and (g.valid_from is null or g.valid_from <= c.accept_at)
          and (g.valid_to is null or c.accept_at < g.valid_to + interval 1 day)
    left join dim_region as v on v.region_code = c.village_code and v.region_level = 'village'
    left join dim_region as t on t.region_code = c.town_code and t.region_level = 'town'
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
