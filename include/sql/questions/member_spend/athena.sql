-- What did each member spend at a venue in a range of days, and which points did that move?
-- What is counted how: question.yaml.
select
  member_id,
  count(*) as transactions,
  sum(total_inc) as spend,
  sum(points_earned) as points_earned,
  sum(points_redeemed) as points_redeemed
from member_transaction
where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
group by member_id
order by spend desc, member_id
