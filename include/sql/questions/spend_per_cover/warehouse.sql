-- How many covers did a venue serve on each day of a range, and what did each spend?
-- What is counted how: question.yaml.
with sale as (
  select
    business_date, sum(adult_covers + child_covers) as covers, sum(total_inc) as total_inc, bool_or(is_void) as is_void
  from fact_sale_item
  where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
  group by business_date, sale_key
),
total as (
  select
    business_date,
    sum(case when total_inc > 0 then covers when is_void then -covers else 0 end) as covers,
    sum(total_inc) as sales
  from sale
  where covers > 0
  group by business_date
)
select business_date, covers, sales, round(sales / nullif(covers, 0), 2) as spend_per_cover
from total
order by business_date
