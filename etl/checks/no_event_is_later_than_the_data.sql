-- Grain: one row per ledger event after the data's own time (deadlines that are still pending excepted).
select case_key, event, event_at from ledger_event
where event_at > getvariable('as_of') and event not in ('wuhua_pending', 'wuhua_unknown')
