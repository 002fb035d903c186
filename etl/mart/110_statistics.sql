-- Grain: one row per grid and month (population); one row per care group, village and month (visits: counts only).
create table fact_population as
select grid_code as grid, date_trunc('month', month)::date as month, households, population
from clean_population;

create table fact_visit_stat as
select care_group, village_code as village, date_trunc('month', month)::date as month,
       count(*)::integer as visits_due, count(visited_on)::integer as visits_done,
       coalesce(sum(needs_raised), 0)::integer as needs_raised, coalesce(sum(needs_met), 0)::integer as needs_met,
       coalesce(sum(urgent_needs), 0)::integer as urgent_needs
from clean_care_visit group by all;
