-- What did the gaming machines of a venue keep on each day of a range, and what did its bar take?
-- What is counted how: question.yaml.
with gaming as (
  select business_date, sum(turnover) as turnover, sum(turnover) - sum(wins) as hold
  from fact_gaming
  where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
  group by business_date
),
bar as (
  select business_date, sum(total_inc) as takings
  from fact_sale_item
  where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s and master_group_id = 1
  group by business_date
)
select
  day::date as business_date,
  coalesce(gaming.turnover, 0) as turnover,
  coalesce(gaming.hold, 0) as hold,
  coalesce(bar.takings, 0) as bar_takings
from generate_series(%(since)s::timestamp, %(until)s, interval '1 day') as days (day)
left join gaming on gaming.business_date = day
left join bar on bar.business_date = day
order by business_date
