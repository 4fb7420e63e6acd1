-- What did each hour of one day cost by the roster, and what by the timesheets? What is counted how: question.yaml.
-- A shift that touches the day counts for one of the days around it.
with touched as (
  select
    kind, cost, date_trunc('hour', start_at) as first_hour,
    greatest(1, ceil(extract(epoch from end_at - date_trunc('hour', start_at)) / 3600))::integer as hours
  from fact_shift
  where venue_id = %(venue_id)s and business_date between %(day)s - 2 and %(day)s + 2
),
share as (
  select
    kind, first_hour + (k - 1) * interval '1 hour' as hour,
    round(cost * k / hours, 2) - round(cost * (k - 1) / hours, 2) as cost
  from touched cross join generate_series(1, hours) as hour_of (k)
)
select
  day.hour,
  coalesce(sum(share.cost) filter (where kind = 'rostered'), 0) as rostered,
  coalesce(sum(share.cost) filter (where kind = 'worked'), 0) as worked
from (
  select %(day)s + n * interval '1 hour' as hour
  from generate_series(6, 29) as clock (n)
) as day
left join share on share.hour = day.hour
group by day.hour
order by day.hour
