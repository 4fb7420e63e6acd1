-- How much did a venue take for beverages in a range of days? What is counted how: question.yaml.
select coalesce(sum(total_inc), 0) as sales
from fact_sale_item
where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s and master_group_id = 1
