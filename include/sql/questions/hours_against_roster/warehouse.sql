-- How many hours were worked on each day of a range, and how many were rostered? What is counted how: question.yaml.
with total as (
  select
    day::date as business_date,
    coalesce(sum(net_minutes) filter (where kind = 'worked'), 0) as worked_minutes,
    coalesce(sum(net_minutes) filter (where kind = 'rostered'), 0) as rostered_minutes
  from generate_series(%(since)s::timestamp, %(until)s, interval '1 day') as days (day)
  left join fact_shift on business_date = day and venue_id = %(venue_id)s
  group by day
)
select
  business_date,
  worked_minutes,
  rostered_minutes,
  round(worked_minutes::numeric / 60, 2) as worked_hours,
  round(rostered_minutes::numeric / 60, 2) as rostered_hours
from total
order by business_date
