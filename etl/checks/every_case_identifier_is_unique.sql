-- Grain: one row per case number that occurs more than once.
select case_id, count(*) from fact_case group by 1 having count(*) > 1
