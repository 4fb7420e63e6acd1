-- What did each hour of one day cost by the roster, and what by the timesheets? What is counted how: question.yaml.
-- A shift that touches the day counts for one of the days around it.
with shift as (
  select 'roster' as kind, start_at, end_at, cost
  from roster_shift
  where venue_id = ? /* venue_id */ and not deleted
    and business_date between date_add('day', -2, ? /* day */) and date_add('day', 2, ? /* day */)
  union all
  select 'timesheet', start_at, end_at, cost
  from timesheet
  where venue_id = ? /* venue_id */ and not deleted
    and business_date between date_add('day', -2, ? /* day */) and date_add('day', 2, ? /* day */)
),
touched as (
  select
    kind, cost, date_trunc('hour', start_at) as first_hour,
    greatest(
      1,
      date_diff('hour', date_trunc('hour', start_at), date_trunc('hour', end_at))
      + if(end_at > date_trunc('hour', end_at), 1, 0)
    ) as hours
  from shift
),
share as (
  select
    kind, date_add('hour', k - 1, first_hour) as hour,
    -- A quotient of decimals has the dividend's two digits, and is rounded half up to them.
    cost * k / hours - cost * (k - 1) / hours as cost
  from touched cross join unnest(sequence(1, hours)) as hour_of (k)
)
select
  day.hour,
  coalesce(sum(if(share.kind = 'roster', share.cost)), decimal '0.00') as rostered,
  coalesce(sum(if(share.kind = 'timesheet', share.cost)), decimal '0.00') as worked
from (
  select date_add('hour', n, cast(? /* day */ as timestamp)) as hour
  from unnest(sequence(6, 29)) as clock (n)
) as day
left join share on share.hour = day.hour
group by day.hour
order by day.hour
