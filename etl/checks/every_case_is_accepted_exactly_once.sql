-- Grain: one row per case without exactly one acceptance in the ledger.
select f.case_key, count(e.case_key) as acceptances
from fact_case as f left join ledger_event as e on e.case_key = f.case_key and e.event = 'accepted'
group by 1 having acceptances != 1
