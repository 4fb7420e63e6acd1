-- Which rostered shifts of a range of days had nobody to work them? What is counted how: question.yaml.
select business_date, start_at, end_at, department, role, net_minutes
from fact_shift
where venue_id = %(venue_id)s
  and business_date between %(since)s and %(until)s
  and kind = 'rostered'
  and employee_code is null
order by start_at, end_at, department collate "C", role collate "C", net_minutes
