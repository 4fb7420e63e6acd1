-- What does a venue sell in which hour of the day, over a range of days? What is counted how: question.yaml.
select
  extract(hour from sold_at_local)::integer as hour,
  sum(total_inc) as sales,
  count(distinct sale_key) as number_of_sales
from fact_sale_item
where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
group by extract(hour from sold_at_local)
order by (extract(hour from sold_at_local) + 18) %% 24
