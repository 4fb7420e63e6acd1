-- What did the gaming machines of a venue turn over, pay out and keep on each day of a range?
-- What is counted how: question.yaml.
select
  business_date,
  sum(turnover) as turnover,
  sum(wins) as wins,
  sum(turnover) - sum(wins) as hold,
  round((sum(turnover) - sum(wins)) * 100 / nullif(sum(turnover), 0), 2) as hold_percentage
from fact_gaming
where venue_id = %(venue_id)s and business_date between %(since)s and %(until)s
group by business_date
order by business_date
