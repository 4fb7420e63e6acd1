-- What did the work of a range of days cost in total, and what was it to cost by the roster?
-- What is counted how: question.yaml.
with worked as (
  select coalesce(sum(cost), decimal '0.00') as wages
  from timesheet
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */ and not deleted
),
rostered as (
  select coalesce(sum(cost), decimal '0.00') as wages
  from roster_shift
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */ and not deleted
)
select worked.wages as worked, rostered.wages as rostered, worked.wages - rostered.wages as difference
from worked cross join rostered
