-- Grain: one row per case whose working-day clock started but found no day in the calendar.
select case_key, clock_start_at from first_deadline
where unit = 'workday' and clock_start_at is not null and due0_at is null
