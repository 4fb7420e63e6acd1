-- Which ten beverages did a venue sell most of in a range of days? What is counted how: question.yaml.
select
  inventory_code,
  (array_agg(product_name order by sold_at desc, sale_item_key collate "C" desc))[1] as product_name,
  sum(quantity) as quantity,
  sum(total_inc) as sales
from fact_sale_item
where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s and master_group_id = 1
group by inventory_code
order by quantity desc, sales desc, inventory_code collate "C"
limit 10
