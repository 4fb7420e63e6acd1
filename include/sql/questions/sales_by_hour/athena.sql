-- What does a venue sell in which hour of the day, over a range of days? What is counted how: question.yaml.
select
  hour(sold_at_local) as hour,
  sum(total_inc) as sales,
  count(distinct sale_key) as number_of_sales
from sale_item
where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
group by hour(sold_at_local)
order by (hour(sold_at_local) + 18) % 24
