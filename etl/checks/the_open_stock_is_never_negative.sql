-- Grain: one row per case and instant after which its open stock is not 0 or 1.
select case_key, event_at, total from (
    select case_key, event_at, sum(sum(delta)) over (partition by case_key order by event_at) as total
    from ledger_event where event in ('accepted', 'closed', 'reopened') group by case_key, event_at
) where total not in (0, 1)
