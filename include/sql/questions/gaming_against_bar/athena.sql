-- What did the gaming machines of a venue keep on each day of a range, and what did its bar take?
-- What is counted how: question.yaml.
with day as (
  select business_date
  from unnest(sequence(? /* since */, ? /* until */)) as days (business_date)
),
gaming as (
  select business_date, sum(turnover) as turnover, sum(turnover) - sum(wins) as hold
  from gaming_reading
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
  group by business_date
),
bar as (
  select business_date, sum(total_inc) as takings
  from sale_item
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */ and master_group_id = 1
  group by business_date
)
select
  day.business_date,
  coalesce(gaming.turnover, decimal '0.00') as turnover,
  coalesce(gaming.hold, decimal '0.00') as hold,
  coalesce(bar.takings, decimal '0.00') as bar_takings
from day
left join gaming on gaming.business_date = day.business_date
left join bar on bar.business_date = day.business_date
order by day.business_date
