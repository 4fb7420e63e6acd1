-- Which rostered shifts of a range of days had nobody to work them? What is counted how: question.yaml.
select business_date, start_at, end_at, department, role, net_minutes
from roster_shift
where venue_id = ? /* venue_id */
  and business_date between ? /* since */ and ? /* until */
  and employee_code is null
  and not deleted
order by start_at, end_at, department, role, net_minutes
