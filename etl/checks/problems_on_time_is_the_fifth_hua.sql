-- Grain: one row if 问题限时化 differs from the on-time count of cases of kind P (an identity by definition).
select wuhua_met, due_met from
    (select count(*) filter (where wuhua_status = 'met') as wuhua_met, count(*) as wuhua_all
     from ledger_event where event = 'wuhua' and kind = 'P'),
    (select count(*) filter (where e.met) as due_met, count(*) as due_all
     from ledger_event as e join fact_case as f using (case_key) where e.event = 'due' and f.kind = 'P')
where wuhua_met != due_met or wuhua_all != due_all
