-- Grain: one row per region, grid, department and category. Files come first; a source that brings no lists of its
-- own (own_dimensions) adds the codes its cases use, as they stand.
create table dim_region as
select region_code, region_name, parent_code, region_level, urban_rural_code, valid_from, valid_to
from clean_region
qualify row_number() over (partition by region_code order by valid_from desc nulls last) = 1;

insert into dim_region
select distinct town_code, town_code, null, 'town', null, null::date, null::date
from clean_case where own_dimensions and town_code is not null
  and town_code not in (select region_code from dim_region);

create table grid_version as
select g.grid_code as grid, coalesce(g.grid_name, g.grid_code) as grid_name, g.village_code as village,
       coalesce(v.parent_code, left(g.village_code, 9)) as town, g.grid_type, g.households, g.population, g.area_m2,
       g.lon, g.lat, g.valid_from, g.valid_to
from clean_grid as g
left join dim_region as v on v.region_code = g.village_code;

create table dim_grid as
select * from grid_version
qualify row_number() over (partition by grid order by valid_from desc nulls last) = 1;

insert into grid_version
select grid_code, if(grid_code in (select grid from cell_grid), 'H3 单元 ', '') || grid_code, '',
       mode(coalesce(town_code, '')), null, null, null, null, median(lon), median(lat), null, null
from clean_case where own_dimensions and grid_code is not null
  and grid_code not in (select grid from dim_grid)
group by grid_code;

-- A county that hands over a map of its grids and no list of them: the map is the list, within the known villages.
insert into grid_version
select place_code, coalesce(any_value(place_name), place_code),
       if(length(place_code) = 15, left(place_code, 12), ''), if(length(place_code) = 15, left(place_code, 9), ''),
       null, null, null, null, null, null, null, null
from clean_boundary
where (level = 'grid' or (level is null and length(place_code) = 15))
  and not exists (select 1 from clean_grid) and place_code not in (select grid from grid_version)
  and (not exists (select 1 from clean_region) or left(place_code, 12) in (select region_code from clean_region))
group by place_code;

insert into dim_grid select * from grid_version where grid not in (select grid from dim_grid);

create table dim_department as
select department, department_name, department_class, entry_mode, line, parent_department from clean_department;

insert into dim_department
select distinct lead_department, lead_department, null, null, null, null
from clean_case where own_dimensions and lead_department is not null
  and lead_department not in (select department from dim_department);

create table dim_category as select category, name, default_line, source from reference_category;

insert into dim_category
select distinct category, category, null, src_system from clean_case
where own_dimensions and category is not null and category not in (select category from dim_category);
