-- Which ten beverages did a venue sell most of in a range of days? What is counted how: question.yaml.
select
  inventory_code,
  max_by(product_name, sold_at) as product_name,
  sum(quantity) as quantity,
  sum(total_inc) as sales
from sale_item
where venue_id = ? /* venue_id */
  and business_date between ? /* since */ and ? /* until */
  and master_group_id = 1
group by inventory_code
order by quantity desc, sales desc, inventory_code
limit 10
