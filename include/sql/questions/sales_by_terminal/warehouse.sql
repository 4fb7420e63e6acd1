-- What does a venue sell at which till, over a range of days? What is counted how: question.yaml.
select dim_terminal.terminal_id, sum(total_inc) as sales, count(distinct sale_key) as number_of_sales
from fact_sale_item join dim_terminal on dim_terminal.terminal_key = fact_sale_item.terminal_key
where fact_sale_item.venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
group by dim_terminal.terminal_id
order by dim_terminal.terminal_id
