-- Trino docs, conversion functions; the type tests of trino-main.

-- TestDoubleOperators.testCastToVarchar
select cast(37.7e0 as varchar), cast(17.1e0 as varchar), cast(12e2 as varchar), cast(12345678.9e0 as varchar), cast(0e0 / 0e0 as varchar), cast(1e0 / 0 as varchar), cast(0e0 as varchar)
--: varchar, varchar, varchar, varchar, varchar, varchar, varchar
--> 3.77E1 | 1.71E1 | 1.2E3 | 1.23456789E7 | NaN | Infinity | 0E0

-- TestDoubleOperators.testCastToBigint: halves away from zero
select cast(37.7e0 as bigint), cast(-37.7e0 as bigint), cast(17.5e0 as bigint), cast(-17.5e0 as bigint), cast(2.5e0 as integer), cast(9.2E18 as bigint)
--: bigint, bigint, bigint, bigint, integer, bigint
--> 38 | -38 | 18 | -18 | 3 | 9200000000000000000

-- TestDoubleOperators.testCastToBigint: too large
select cast(9.3E18 as bigint)
--! INVALID_CAST_ARGUMENT

-- TestDecimalCasts: decimal to integer, half up
select cast(decimal '2.5' as integer), cast(decimal '-2.5' as integer), cast(decimal '2.49' as bigint), cast(decimal '0.5' as tinyint)
--: integer, integer, bigint, tinyint
--> 3 | -3 | 2 | 1

-- TestDecimalCasts: decimal to decimal, half up
select cast(decimal '1.235' as decimal(3,2)), cast(decimal '-1.235' as decimal(3,2)), cast(1 as decimal(5,2)), cast('1.235' as decimal(3,2))
--: decimal(3,2), decimal(3,2), decimal(5,2), decimal(3,2)
--> 1.24 | -1.24 | 1.00 | 1.24

-- TestDecimalCasts: does not fit
select cast(1000 as decimal(3,0))
--! INVALID_CAST_ARGUMENT

-- Conversion functions, cast: plain decimals
select cast(decimal '1.50' as varchar), cast(decimal '0.1' as varchar), cast(-5 as varchar), cast(true as varchar), cast(date '2020-01-02' as varchar), cast('x' as varchar)
--> 1.50 | 0.1 | -5 | true | 2020-01-02 | x

-- TestTimestamp.testCastToVarchar: as many digits as the type has
select cast(timestamp '2020-05-10 12:34:56' as varchar), cast(timestamp '2020-05-10 12:34:56.123' as varchar), cast(cast(date '2020-05-10' as timestamp) as varchar)
--> 2020-05-10 12:34:56 | 2020-05-10 12:34:56.123 | 2020-05-10 00:00:00.000

-- TestTimestampWithTimeZone.testCastToVarchar
select cast(timestamp '2020-05-10 12:34:56.123 Asia/Kathmandu' as varchar), cast(from_unixtime(0) as varchar)
--> 2020-05-10 12:34:56.123 Asia/Kathmandu | 1970-01-01 00:00:00.000 UTC

-- TestVarcharOperators: to integer
select cast('12' as integer), cast('+7' as bigint), cast('-3' as tinyint)
--: integer, bigint, tinyint
--> 12 | 7 | -3

-- StandardErrorCode INVALID_CAST_ARGUMENT
select cast('1.5' as integer)
--! INVALID_CAST_ARGUMENT: Cannot cast '1.5' to integer

-- … a blank is no digit
select cast(' 1' as bigint)
--! INVALID_CAST_ARGUMENT

-- … no integer at all
select cast('abc' as integer)
--! INVALID_CAST_ARGUMENT: Cannot cast 'abc' to integer

-- … too large for the type
select cast('300' as tinyint)
--! INVALID_CAST_ARGUMENT

-- TestVarcharOperators: to double
select cast('1.5' as double), cast('1e3' as double), cast(' -2 ' as double), cast('NaN' as double), cast('Infinity' as double), cast('0.1' as real)
--: double, double, double, double, double, real
--> 1.5 | 1000.0 | -2.0 | NaN | Infinity | 0.1

-- … no double
select cast('1,5' as double)
--! INVALID_CAST_ARGUMENT

-- TestVarcharOperators: to boolean
select cast('true' as boolean), cast('T' as boolean), cast('1' as boolean), cast('FALSE' as boolean), cast('f' as boolean), cast('0' as boolean)
--> true | true | true | false | false | false

-- … no boolean
select cast('yes' as boolean)
--! INVALID_CAST_ARGUMENT

-- Numbers and booleans
select cast(0 as boolean), cast(2 as boolean), cast(0.0e0 as boolean), cast(true as integer), cast(false as double), cast(true as decimal(3,1))
--> false | true | false | 1 | 0.0 | 1.0

-- TestDate: from text
select cast('2020-02-29' as date), cast('2020-2-9' as date), date '2001-08-22'
--: date, date, date
--> 2020-02-29 | 2020-02-09 | 2001-08-22

-- … no date
select cast('2020-02-30' as date)
--! INVALID_CAST_ARGUMENT

-- … text after a date
select cast('2020-02-20x' as date)
--! INVALID_CAST_ARGUMENT

-- TestTimestamp: from text, rounded to the type's digits
select cast('2020-05-10 12:34:56.789' as timestamp), cast('2020-05-10' as timestamp), cast('2020-05-10 12:34' as timestamp), cast('2020-05-10 12:34:56.123456' as timestamp), cast('2020-05-10 12:34:56.9995' as timestamp)
--: timestamp(3), timestamp(3), timestamp(3), timestamp(3), timestamp(3)
--> 2020-05-10 12:34:56.789 | 2020-05-10 00:00:00.000 | 2020-05-10 12:34:00.000 | 2020-05-10 12:34:56.123 | 2020-05-10 12:34:57.000

-- … no timestamp
select cast('2020-05-10T12:34:56' as timestamp)
--! INVALID_CAST_ARGUMENT

-- … with a zone of its own
select cast('2020-05-10 12:34:56 UTC' as timestamp with time zone) = timestamp '2020-05-10 12:34:56 UTC', cast(x as timestamp with time zone) from (values '2020-05-10 12:34:56 UTC') t(x)
--! NOT_SUPPORTED

-- TestTimestamp: to date, and back
select cast(timestamp '2020-05-10 23:59:59.999' as date), cast(date '2020-05-10' as timestamp)
--: date, timestamp(3)
--> 2020-05-10 | 2020-05-10 00:00:00.000

-- TestTimestampWithTimeZone: to a timestamp, the wall clock
select cast(timestamp '2020-05-10 12:34:56 America/Los_Angeles' as timestamp), cast(timestamp '2020-05-10 22:00:00 America/Los_Angeles' as date)
--> 2020-05-10 12:34:56.000 | 2020-05-10

-- try_cast
select try_cast('abc' as integer), try_cast('12' as integer), try_cast('2020-02-30' as date), try_cast('9999' as tinyint)
--: integer, integer, date, tinyint
--> NULL | 12 | NULL | NULL

-- TRY
select try(1 / 0), try(cast('x' as integer)), coalesce(try(1 / 0), 7), try(array[1][2]), try(5)
--> NULL | NULL | 7 | NULL | 5

-- varchar(n) truncates
select cast('abcdef' as varchar(3)), cast('ab' as varchar(3))
--> abc | ab

-- Casts that do not exist
select cast(date '2020-01-01' as integer)
--! TYPE_MISMATCH: Cannot cast date to integer

-- … of an array
select cast(array[1] as integer)
--! TYPE_MISMATCH

-- Arrays, maps and rows are cast by their elements
select cast(array[1, null, 2] as array(varchar)), cast(array['1', '2'] as array(bigint)), cast(map(array[1], array['2']) as map(varchar, integer)), cast(row(1, '2') as row(x bigint, y integer))
--: array(varchar), array(bigint), map(varchar, integer), row(x bigint, y integer)
--> [1, null, 2] | [1, 2] | {1=2} | {x=1, y=2}

-- A null of any type
select cast(null as integer), cast(null as array(varchar)), null
--: integer, array(varchar), unknown
--> NULL | NULL | NULL

-- Types that the local Athena does not have
select cast('a' as char(3))
--! NOT_SUPPORTED

-- … times of day
select time '01:00'
--! NOT_SUPPORTED

-- … finer than milliseconds
select timestamp '2020-01-01 00:00:00.123456'
--! NOT_SUPPORTED

-- varbinary literals and casts
select x'65683f', cast('é' as varbinary)
--: varbinary, varbinary
--> 65 68 3f | c3 a9

-- Trino has no ::
select '1'::integer
--! MALFORMED
