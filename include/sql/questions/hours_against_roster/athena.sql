-- How many hours were worked on each day of a range, and how many were rostered? What is counted how: question.yaml.
with day as (
  select business_date
  from unnest(sequence(? /* since */, ? /* until */)) as days (business_date)
),
shift as (
  select business_date, net_minutes as worked, 0 as rostered
  from timesheet
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */ and not deleted
  union all
  select business_date, 0, net_minutes
  from roster_shift
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */ and not deleted
),
total as (
  select
    day.business_date,
    coalesce(sum(shift.worked), 0) as worked_minutes,
    coalesce(sum(shift.rostered), 0) as rostered_minutes
  from day left join shift on shift.business_date = day.business_date
  group by day.business_date
)
select
  business_date,
  worked_minutes,
  rostered_minutes,
  -- A quotient of decimals has the dividend's two digits, and is rounded half up to them.
  cast(cast(worked_minutes as decimal(18, 2)) / 60 as decimal(12, 2)) as worked_hours,
  cast(cast(rostered_minutes as decimal(18, 2)) / 60 as decimal(12, 2)) as rostered_hours
from total
order by business_date
