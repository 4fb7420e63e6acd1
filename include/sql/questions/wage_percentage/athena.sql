-- How much of what a venue sold on each day of a range went into wages? What is counted how: question.yaml.
with day as (
  select business_date
  from unnest(sequence(? /* since */, ? /* until */)) as days (business_date)
),
sold as (
  select business_date, sum(total_inc) as sales
  from sale_item
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
  group by business_date
),
worked as (
  select business_date, sum(cost) as wages
  from timesheet
  where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */ and not deleted
  group by business_date
)
select
  day.business_date,
  coalesce(sold.sales, decimal '0.00') as sales,
  coalesce(worked.wages, decimal '0.00') as wages,
  -- A quotient of decimals has the dividend's two digits, and is rounded half up to them.
  if(sold.sales > 0, cast(coalesce(worked.wages, decimal '0.00') * 100 / sold.sales as decimal(18, 2))) as percentage
from day
left join sold on sold.business_date = day.business_date
left join worked on worked.business_date = day.business_date
order by day.business_date
