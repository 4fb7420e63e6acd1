-- What did the gaming machines of a venue turn over, pay out and keep on each day of a range?
-- What is counted how: question.yaml.
select
  business_date,
  sum(turnover) as turnover,
  sum(wins) as wins,
  sum(turnover) - sum(wins) as hold,
  -- A quotient of decimals has the dividend's two digits, and is rounded half up to them.
  cast((sum(turnover) - sum(wins)) * 100 / nullif(sum(turnover), 0) as decimal(18, 2)) as hold_percentage
from gaming_reading
where venue_id = ? /* venue_id */ and business_date between ? /* since */ and ? /* until */
group by business_date
order by business_date
