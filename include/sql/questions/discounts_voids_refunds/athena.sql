-- What did discounts, voids and refunds take from a venue's sales on each day of a range?
-- What is counted how: question.yaml.
select
  business_date,
  coalesce(sum(if(is_discount, total_inc)), decimal '0.00') as discounts,
  count_if(is_discount) as discount_lines,
  coalesce(sum(if(is_void, total_inc)), decimal '0.00') as voids,
  count_if(is_void) as void_lines,
  coalesce(sum(if(is_refund, total_inc)), decimal '0.00') as refunds,
  count_if(is_refund) as refund_lines
from sale_item
where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
group by business_date
order by business_date
