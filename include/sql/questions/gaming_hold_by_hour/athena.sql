-- What did the gaming machines of a venue turn over, pay out and keep in each hour of a range of days?
-- What is counted how: question.yaml.
select
  business_date,
  date_trunc('hour', read_at_local) as hour,
  sum(turnover) as turnover,
  sum(wins) as wins,
  sum(turnover) - sum(wins) as hold
from gaming_reading
where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
group by business_date, date_trunc('hour', read_at_local)
order by business_date, hour
