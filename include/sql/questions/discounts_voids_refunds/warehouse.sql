-- What did discounts, voids and refunds take from a venue's sales on each day of a range?
-- What is counted how: question.yaml.
select
  business_date,
  coalesce(sum(total_inc) filter (where is_discount), 0) as discounts,
  count(*) filter (where is_discount) as discount_lines,
  coalesce(sum(total_inc) filter (where is_void), 0) as voids,
  count(*) filter (where is_void) as void_lines,
  coalesce(sum(total_inc) filter (where is_refund), 0) as refunds,
  count(*) filter (where is_refund) as refund_lines
from fact_sale_item
where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
group by business_date
order by business_date
