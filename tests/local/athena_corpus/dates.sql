-- Trino docs, date and time functions and operators; TestDateTimeFunctions.

-- Date and time operators: +
select date '2012-08-08' + interval '2' day, timestamp '2012-08-08 01:00' + interval '29' hour, timestamp '2012-10-31 01:00' + interval '1' month, interval '2' day + interval '3' hour
--: date, timestamp(0), timestamp(0), interval day to second
--> 2012-08-10 | 2012-08-09 06:00:00.000 | 2012-11-30 01:00:00.000 | 2 03:00:00.000

-- Date and time operators: -
select date '2012-08-08' - interval '2' day, timestamp '2012-08-08 01:00' - interval '29' hour, timestamp '2012-10-31 01:00' - interval '1' month, interval '2' day - interval '3' hour
--> 2012-08-06 | 2012-08-06 20:00:00.000 | 2012-09-30 01:00:00.000 | 1 21:00:00.000

-- A month later is the month's last day at most
select date '2020-01-31' + interval '1' month, date '2020-02-29' + interval '1' year, date '2020-03-31' - interval '1' month
--> 2020-02-29 | 2021-02-28 | 2020-02-29

-- TestDateTimeOperators: between moments
select date '2020-01-05' - date '2020-01-01', timestamp '2020-01-02 12:30:00' - timestamp '2020-01-01 00:00:00', date '2020-01-01' - date '2020-01-03'
--: interval day to second, interval day to second, interval day to second
--> 4 00:00:00.000 | 1 12:30:00.000 | -2 00:00:00.000

-- TestDateTimeOperators: hours to a date
select date '2020-01-01' + interval '3' hour
--! NOT_SUPPORTED

-- Date plus number
select date '2020-01-01' + 1
--! TYPE_MISMATCH

-- Intervals of months have no text here
select interval '3' year + interval '5' month
--! NOT_SUPPORTED

-- AT TIME ZONE
select timestamp '2012-10-31 01:00 UTC', timestamp '2012-10-31 01:00 UTC' at time zone 'America/Los_Angeles'
--: timestamp(0) with time zone, timestamp(0) with time zone
--> 2012-10-31 01:00:00.000 UTC | 2012-10-30 18:00:00.000 America/Los_Angeles

-- at_timezone, with_timezone; the session's zone is UTC
select at_timezone(timestamp '2022-11-01 09:08:07.321', 'America/Los_Angeles'), with_timezone(timestamp '2022-11-01 09:08:07.321', 'America/Los_Angeles'), at_timezone(timestamp '2022-11-01 09:08:07.321 UTC', '+05:30')
--: timestamp(3) with time zone, timestamp(3) with time zone, timestamp(3) with time zone
--> 2022-11-01 02:08:07.321 America/Los_Angeles | 2022-11-01 09:08:07.321 America/Los_Angeles | 2022-11-01 14:38:07.321 +05:30

-- A zone that is none
select at_timezone(timestamp '2022-11-01 09:08:07', 'Nowhere')
--! NOT_SUPPORTED

-- from_iso8601_timestamp
select from_iso8601_timestamp('2020-05-11'), from_iso8601_timestamp('2020-05-11T11:15:05'), from_iso8601_timestamp('2020-05-11T11:15:05.055+01:00'), from_iso8601_timestamp('2020-05-11T11:15Z')
--: timestamp(3) with time zone, timestamp(3) with time zone, timestamp(3) with time zone, timestamp(3) with time zone
--> 2020-05-11 00:00:00.000 UTC | 2020-05-11 11:15:05.000 UTC | 2020-05-11 11:15:05.055 +01:00 | 2020-05-11 11:15:00.000 UTC

-- from_iso8601_date
select from_iso8601_date('2020-05-11')
--: date
--> 2020-05-11

-- … of weeks is refused
select from_iso8601_date('2020-W10')
--! NOT_SUPPORTED

-- to_iso8601
select to_iso8601(date '2001-08-22'), to_iso8601(timestamp '2001-08-22 03:04:05.321'), to_iso8601(timestamp '2001-08-22 03:04:05.321 UTC'), to_iso8601(timestamp '2001-08-22 03:04:05.321 Asia/Kathmandu')
--> 2001-08-22 | 2001-08-22T03:04:05.321 | 2001-08-22T03:04:05.321Z | 2001-08-22T03:04:05.321+05:45

-- from_unixtime, to_unixtime
select from_unixtime(980172245), from_unixtime(980172245.888), from_unixtime(7200, 'Asia/Tokyo'), to_unixtime(timestamp '2001-01-22 03:04:05.321'), to_unixtime(timestamp '2001-01-22 03:04:05.321 +01:00')
--: timestamp(3) with time zone, timestamp(3) with time zone, timestamp(3) with time zone, double, double
--> 2001-01-22 14:04:05.000 UTC | 2001-01-22 14:04:05.888 UTC | 1970-01-01 11:00:00.000 Asia/Tokyo | 9.80132645321E8 | 9.80129045321E8

-- date_trunc: the docs' table
select date_trunc('millisecond', x), date_trunc('second', x), date_trunc('minute', x), date_trunc('hour', x), date_trunc('day', x), date_trunc('week', x), date_trunc('month', x), date_trunc('quarter', x), date_trunc('year', x) from (values timestamp '2001-08-22 03:04:05.321') t(x)
--> 2001-08-22 03:04:05.321 | 2001-08-22 03:04:05.000 | 2001-08-22 03:04:00.000 | 2001-08-22 03:00:00.000 | 2001-08-22 00:00:00.000 | 2001-08-20 00:00:00.000 | 2001-08-01 00:00:00.000 | 2001-07-01 00:00:00.000 | 2001-01-01 00:00:00.000

-- date_trunc of dates stays a date, and of zones stays in the zone
select date_trunc('month', date '2001-08-22'), date_trunc('week', date '2001-08-22'), date_trunc('day', timestamp '2001-08-22 03:04:05 America/Los_Angeles'), date_trunc('DAY', date '2001-08-22')
--: date, date, timestamp(0) with time zone, date
--> 2001-08-01 | 2001-08-20 | 2001-08-22 00:00:00.000 America/Los_Angeles | 2001-08-22

-- TestDateTimeFunctions.testTruncateDate: no hours in a date
select date_trunc('hour', date '2001-08-22')
--! INVALID_FUNCTION_ARGUMENT: 'hour' is not a valid DATE field

-- … no such unit
select date_trunc('decade', timestamp '2001-08-22 00:00:00')
--! INVALID_FUNCTION_ARGUMENT

-- date_add
select date_add('second', 86, timestamp '2020-03-01 00:00:00'), date_add('hour', 9, timestamp '2020-03-01 00:00:00'), date_add('day', -1, timestamp '2020-03-01 00:00:00 UTC'), date_add('month', 1, date '2020-01-31'), date_add('week', 2, date '2020-01-01'), date_add('quarter', -1, date '2020-01-01'), date_add('year', 1, date '2020-02-29'), date_add('millisecond', 3, timestamp '2020-03-01 00:00:00.000')
--: timestamp(0), timestamp(0), timestamp(0) with time zone, date, date, date, date, timestamp(3)
--> 2020-03-01 00:01:26.000 | 2020-03-01 09:00:00.000 | 2020-02-29 00:00:00.000 UTC | 2020-02-29 | 2020-01-15 | 2019-10-01 | 2021-02-28 | 2020-03-01 00:00:00.003

-- date_add over a change of the clocks: a day is a day, 24 hours are not
select date_add('day', 1, timestamp '2020-03-07 12:00:00 America/Los_Angeles'), date_add('hour', 24, timestamp '2020-03-07 12:00:00 America/Los_Angeles')
--> 2020-03-08 12:00:00.000 America/Los_Angeles | 2020-03-08 13:00:00.000 America/Los_Angeles

-- date_diff
select date_diff('second', timestamp '2020-03-01 00:00:00', timestamp '2020-03-02 00:00:00'), date_diff('hour', timestamp '2020-03-01 00:00:00 UTC', timestamp '2020-03-02 00:00:00 UTC'), date_diff('day', date '2020-03-01', date '2020-03-02'), date_diff('millisecond', timestamp '2020-06-01 12:30:45.000', timestamp '2020-06-02 12:30:45.123')
--: bigint, bigint, bigint, bigint
--> 86400 | 24 | 1 | 86400123

-- TestDateTimeFunctions.testDateDiffTimestamp: only full units count
select date_diff('day', timestamp '2020-01-01 23:00:00', timestamp '2020-01-02 01:00:00'), date_diff('month', date '2020-01-31', date '2020-02-28'), date_diff('month', date '2020-01-31', date '2020-02-29'), date_diff('year', date '2019-12-31', date '2020-12-30'), date_diff('week', date '2020-01-01', date '2020-01-14'), date_diff('quarter', date '2020-01-01', date '2020-12-31'), date_diff('day', date '2020-01-03', date '2020-01-01')
--> 0 | 0 | 1 | 0 | 1 | 3 | -2

-- Extraction functions
select year(x), quarter(x), month(x), week(x), day(x), hour(x), minute(x), second(x), millisecond(x) from (values timestamp '2001-08-22 03:04:05.321') t(x)
--: bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint
--> 2001 | 3 | 8 | 34 | 22 | 3 | 4 | 5 | 321

-- Extraction functions: of days
select day_of_week(date '2001-08-22'), dow(date '2020-01-05'), day_of_year(date '2001-08-22'), doy(date '2020-12-31'), day_of_month(date '2001-08-22'), week_of_year(date '2021-01-01'), year_of_week(date '2021-01-01'), yow(date '2020-12-31')
--> 3 | 7 | 234 | 366 | 22 | 53 | 2020 | 2020

-- EXTRACT
select extract(year from date '2001-08-22'), extract(day_of_week from date '2001-08-22'), extract(week from date '2001-08-22'), extract(hour from timestamp '2001-08-22 03:04:05'), extract(doy from date '2001-08-22'), hour(timestamp '2001-08-22 03:04:05 America/Los_Angeles')
--> 2001 | 3 | 34 | 3 | 234 | 3

-- Extraction functions take no text
select year('2020-01-01')
--! FUNCTION_NOT_FOUND

-- … and a date has no hour
select hour(date '2020-01-01')
--! FUNCTION_NOT_FOUND

-- last_day_of_month
select last_day_of_month(date '2001-08-22'), last_day_of_month(timestamp '2020-02-01 10:00:00')
--: date, date
--> 2001-08-31 | 2020-02-29

-- date(x)
select date('2001-08-22'), date(timestamp '2001-08-22 03:04:05'), date(from_iso8601_timestamp('2020-05-11T11:15:05Z'))
--: date, date, date
--> 2001-08-22 | 2001-08-22 | 2020-05-11

-- date_format
select date_format(x, '%a'), date_format(x, '%b'), date_format(x, '%c'), date_format(x, '%d'), date_format(x, '%e'), date_format(x, '%f'), date_format(x, '%H'), date_format(x, '%h'), date_format(x, '%i'), date_format(x, '%j'), date_format(x, '%k'), date_format(x, '%l') from (values timestamp '2001-01-09 13:04:05.321') t(x)
--> Tue | Jan | 1 | 09 | 9 | 321000 | 13 | 01 | 04 | 009 | 13 | 1

-- date_format: the rest
select date_format(x, '%M'), date_format(x, '%m'), date_format(x, '%p'), date_format(x, '%r'), date_format(x, '%S'), date_format(x, '%s'), date_format(x, '%T'), date_format(x, '%v'), date_format(x, '%W'), date_format(x, '%Y'), date_format(x, '%y'), date_format(x, '%x'), date_format(x, '%%') from (values timestamp '2001-01-09 13:04:05.321') t(x)
--> January | 01 | PM | 01:04:05 PM | 05 | 05 | 13:04:05 | 02 | Tuesday | 2001 | 01 | 2001 | %

-- date_format of a date, with words of its own
select date_format(date '2022-10-20', 'Year %Y: %d/%m')
--> Year 2022: 20/10

-- TestDateTimeFunctions.testDateFormat: specifiers that Trino has not either
select date_format(date '2022-10-20', '%D')
--! NOT_SUPPORTED

-- date_parse
select date_parse('2022/10/20/05', '%Y/%m/%d/%H'), date_parse('2013-05-17 12:35:10', '%Y-%m-%d %H:%i:%s'), date_parse('20130517', '%Y%m%d')
--: timestamp(3), timestamp(3), timestamp(3)
--> 2022-10-20 05:00:00.000 | 2013-05-17 12:35:10.000 | 2013-05-17 00:00:00.000

-- TestDateTimeFunctions.testDateParse: does not match
select date_parse('2013-05-17x', '%Y-%m-%d')
--! INVALID_FUNCTION_ARGUMENT

-- format_datetime, parse_datetime
select format_datetime(timestamp '2001-01-22 03:04:05.321', 'yyyy/MM/dd HH:mm:ss.SSS'), format_datetime(timestamp '2001-01-22 13:04:05', 'EEE, d MMM yyyy h:mm a'), format_datetime(date '2001-01-22', 'yyyyMMdd''T'''), parse_datetime('1960/01/22 03:04', 'yyyy/MM/dd HH:mm')
--: varchar, varchar, varchar, timestamp(3) with time zone
--> 2001/01/22 03:04:05.321 | Mon, 22 Jan 2001 1:04 PM | 20010122T | 1960-01-22 03:04:00.000 UTC

-- Letters of Joda's that DuckDB has not
select format_datetime(timestamp '2001-01-22 03:04:05', 'yyyy G')
--! NOT_SUPPORTED

-- The query's moment is one, in UTC
select now() = current_timestamp, cast(now() as date) = current_date, localtimestamp = cast(now() as timestamp), current_timezone(), now() > timestamp '2020-01-01 00:00:00 UTC'
--> true | true | true | UTC | true

-- to_milliseconds
select to_milliseconds(interval '1' second), to_milliseconds(interval '2' day)
--: bigint, bigint
--> 1000 | 172800000

-- Times of day are refused
select current_time
--! NOT_SUPPORTED

-- Two-digit years, whose century differs
select date_parse('69', '%y')
--! NOT_SUPPORTED

-- Weeks are no unit of an interval
select interval '1' week
--! NOT_SUPPORTED
