-- How results are printed; Athena user guide, "Work with query results" and "Data types in Amazon Athena".

-- Every type of a column
select true, tinyint '1', smallint '2', 3, bigint '4', real '1.5', 2.5e0, decimal '1.50', 'text', x'00ff', date '2020-01-02', timestamp '2020-01-02 03:04:05.678', timestamp '2020-01-02 03:04:05 UTC', json '{"a": 1}', interval '1' day
--: boolean, tinyint, smallint, integer, bigint, real, double, decimal(3,2), varchar, varbinary, date, timestamp(3), timestamp(0) with time zone, json, interval day to second
--> true | 1 | 2 | 3 | 4 | 1.5 | 2.5 | 1.50 | text | 00 ff | 2020-01-02 | 2020-01-02 03:04:05.678 | 2020-01-02 03:04:05.000 UTC | {"a":1} | 1 00:00:00.000

-- Doubles, as Java prints them
select 0e0, 1e0, 1.5e6, 1e7, 1e-3, 1e-4, 123456789.125e0, -2.5e0, 1e20, nan(), infinity(), -infinity(), 1e100
--> 0.0 | 1.0 | 1500000.0 | 1.0E7 | 0.001 | 1.0E-4 | 1.23456789125E8 | -2.5 | 1.0E20 | NaN | Infinity | -Infinity | 1.0E100

-- Decimals keep their scale
select decimal '1.10', decimal '100.00', decimal '-0.001', decimal '5', cast(0 as decimal(10,3))
--> 1.10 | 100.00 | -0.001 | 5 | 0.000

-- Nested values
select array[decimal '1.50', null], array[true], array[2.5e0], array[timestamp '2020-01-02 03:04:05'], map(array['a'], array[array[1]]), cast(row('x', array[1]) as row(a varchar, b array(integer))), array[row(1, 'a')], array[real '0.1'], array[x'ff']
--> [1.50, null] | [true] | [2.5] | [2020-01-02 03:04:05.000] | {a=[1]} | {a=x, b=[1]} | [{field0=1, field1=a}] | [0.1] | [ff]

-- Moments before 1970, and of few digits
select timestamp '1969-12-31 23:59:59.999', timestamp '2020-01-02', date '1960-02-29', date '0001-01-01', timestamp '0001-01-01 00:00:00'
--> 1969-12-31 23:59:59.999 | 2020-01-02 00:00:00.000 | 1960-02-29 | 0001-01-01 | 0001-01-01 00:00:00.000

-- Texts are as they are
select 'a"b', 'a,b', 'it''s', '', null, '🙂'
--> a"b | a,b | it's | '' | NULL | 🙂
