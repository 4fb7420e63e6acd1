-- What does a venue sell of which group of products, over a range of days? What is counted how: question.yaml.
select master_group_id, group_id, max(group_name) as group_name, sum(quantity) as quantity, sum(total_inc) as sales
from fact_sale_item
where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
group by master_group_id, group_id
order by master_group_id, group_id
