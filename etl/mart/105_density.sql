-- Grain: one row for the county's raster of square cells, about 100 m on the ground at the middle latitude of the
-- located cases; Web-Mercator metres = ground metres / cos(latitude). No row where no case has a usable point.
create table density_raster as
select median(lat) as centre_lat, 100 / cos(radians(median(lat))) as cell_side
from case_point where verdict = 'ok' and abs(lat) < 85 and abs(lon) <= 180
having count(*) > 0;

-- Grain: one row per cell, month, town, kind and location precision that has cases with a usable point. The heat
-- surface reads these rows only; cell (x, y) spans x·side … (x+1)·side metres east and y·side … north of (0°, 0°).
create table fact_density_bin as
select floor(6378137 * radians(p.lon) / r.cell_side)::integer as cell_x,
       floor(6378137 * ln(tan(pi() / 4 + radians(p.lat) / 2)) / r.cell_side)::integer as cell_y,
       date_trunc('month', b.accept_at - to_hours(getvariable('report_cutoff_hour')::integer))::date as month,
       b.town, b.kind, coalesce(b.precision, '') as precision, count(*)::integer as cases
from case_point as p
join case_base as b using (case_key)
cross join density_raster as r
where p.verdict = 'ok' and abs(p.lat) < 85 and abs(p.lon) <= 180
group by all;
