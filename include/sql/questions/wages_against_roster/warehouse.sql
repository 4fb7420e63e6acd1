-- What did the work of a range of days cost in total, and what was it to cost by the roster?
-- What is counted how: question.yaml.
with total as (
  select
    coalesce(sum(cost) filter (where kind = 'worked'), 0) as worked,
    coalesce(sum(cost) filter (where kind = 'rostered'), 0) as rostered
  from fact_shift
  where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
)
select worked, rostered, worked - rostered as difference
from total
