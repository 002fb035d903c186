-- Grain: one row if the overdue stock of the ledger differs from the cases that are open past their deadline.
select stock, cases from
    (select coalesce(sum(delta), 0) as stock from ledger_event where event in ('overdue', 'cleared')),
    (select count(*) as cases from fact_case where status = 'overdue')
where stock != cases
