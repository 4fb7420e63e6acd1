-- How much did a venue take for beverages in a range of days? What is counted how: question.yaml.
select coalesce(sum(total_inc), decimal '0.00') as sales
from sale_item
where venue_id = ? /* venue_id */
  and business_date between ? /* since */ and ? /* until */
  and master_group_id = 1
