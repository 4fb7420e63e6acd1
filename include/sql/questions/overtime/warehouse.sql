-- Who worked more than the ordinary hours of a week? What is counted how: question.yaml.
-- A week whose Monday is the range's last day ends six days later.
select
  date_trunc('week', business_date)::date as week,
  employee_code,
  sum(net_minutes) as worked_minutes,
  sum(net_minutes) - %(ordinary_hours)s * 60 as overtime_minutes
from fact_shift
where venue_id = %(venue_id)s
  and business_date between %(since)s and %(until)s + 6
  and date_trunc('week', business_date) between %(since)s and %(until)s
  and kind = 'worked'
group by date_trunc('week', business_date), employee_code
having sum(net_minutes) > %(ordinary_hours)s * 60
order by week, employee_code collate "C"
