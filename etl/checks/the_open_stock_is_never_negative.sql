-- Grain: one row per case whose open stock ever falls below 0 or rises above 1.
select case_key, total from (
    select case_key, sum(delta) over (partition by case_key order by event_at, delta desc) as total
    from ledger_event where event in ('accepted', 'closed', 'reopened')
) where total not in (0, 1)
