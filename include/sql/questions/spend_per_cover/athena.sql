-- How many covers did a venue serve on each day of a range, and what did each spend?
-- What is counted how: question.yaml.
with total as (
  select
    business_date,
    sum(if(total_inc > 0, 1, if(is_void, -1, 0)) * (adult_covers + child_covers)) as covers,
    sum(total_inc) as sales
  from sale
  where venue_id = ? /* venue_id */
    and business_date between ? /* since */ and ? /* until */
    and adult_covers + child_covers > 0
  group by business_date
)
select
  business_date,
  covers,
  sales,
  -- A quotient of decimals has the dividend's two digits, and is rounded half up to them.
  cast(sales / nullif(covers, 0) as decimal(18, 2)) as spend_per_cover
from total
order by business_date
