-- Who worked more than the ordinary hours of a week? What is counted how: question.yaml.
-- A week whose Monday is the range's last day ends six days later.
select
  cast(date_trunc('week', business_date) as date) as week,
  employee_code,
  sum(net_minutes) as worked_minutes,
  sum(net_minutes) - ? /* ordinary_hours */ * 60 as overtime_minutes
from timesheet
where venue_id = ? /* venue_id */
  and business_date between ? /* since */ and date_add('day', 6, ? /* until */)
  and date_trunc('week', business_date) between ? /* since */ and ? /* until */
  and not deleted
group by date_trunc('week', business_date), employee_code
having sum(net_minutes) > ? /* ordinary_hours */ * 60
order by week, employee_code
