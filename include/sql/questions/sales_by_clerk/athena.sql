-- What does a venue sell by which clerk, over a range of days? What is counted how: question.yaml.
select clerk_id, sum(total_inc) as sales, count(distinct sale_key) as number_of_sales
from sale_item
where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
group by clerk_id
order by clerk_id
