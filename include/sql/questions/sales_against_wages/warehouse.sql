-- What did a venue sell on each day of a range, and what did the work cost? What is counted how: question.yaml.
with sold as (
  select business_date, sum(total_inc) as sales
  from fact_sale_item
  where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
  group by business_date
),
worked as (
  select business_date, sum(cost) as wages
  from fact_shift
  where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s and kind = 'worked'
  group by business_date
)
select day::date as business_date, coalesce(sold.sales, 0) as sales, coalesce(worked.wages, 0) as wages
from generate_series(%(since)s::timestamp, %(until)s, interval '1 day') as days (day)
left join sold on sold.business_date = day
left join worked on worked.business_date = day
order by business_date
