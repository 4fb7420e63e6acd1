-- Trino docs, mathematical functions and operators; decimal functions and operators; comparison functions and operators.

-- Mathematical operators: integer division truncates
select 7 / 2, -7 / 2, 7 / -2, -7 / -2
--: integer, integer, integer, integer
--> 3 | -3 | -3 | 3

-- Mathematical operators: the remainder has the dividend's sign
select 7 % 3, -7 % 3, 7 % -3, mod(-7, 3), mod(decimal '5.5', 2)
--: integer, integer, integer, integer, decimal(2,1)
--> 1 | -1 | 1 | -1 | 1.5

-- StandardErrorCode DIVISION_BY_ZERO
select 1 / 0
--! DIVISION_BY_ZERO: Division by zero

-- StandardErrorCode DIVISION_BY_ZERO, of a remainder
select 1 % 0
--! DIVISION_BY_ZERO

-- StandardErrorCode DIVISION_BY_ZERO, of decimals
select decimal '1.0' / decimal '0.0'
--! DIVISION_BY_ZERO

-- StandardErrorCode DIVISION_BY_ZERO, of a decimal's remainder
select decimal '1.5' % decimal '0.0'
--! DIVISION_BY_ZERO

-- Data types, Floating-point: IEEE 754
select 1e0 / 0, -1e0 / 0, 0e0 / 0, 5.5e0 % 2
--: double, double, double, double
--> Infinity | -Infinity | NaN | 1.5

-- Data types, Integer: the widest operand's type
select tinyint '1' + smallint '2', smallint '1' + 2, 1 + bigint '2', 2147483648
--: smallint, integer, bigint, bigint
--> 3 | 3 | 3 | 2147483648

-- TestIntegerOperators.testAdd: overflow
select 2147483647 + 1
--! NUMERIC_VALUE_OUT_OF_RANGE

-- TestBigintOperators: overflow
select 9223372036854775807 + 1
--! NUMERIC_VALUE_OUT_OF_RANGE

-- TestIntegerOperators.testMultiply: overflow
select 2147483647 * 2
--! NUMERIC_VALUE_OUT_OF_RANGE

-- Decimal functions and operators, Decimal literals
select decimal '0', decimal '-1.50', decimal '0.1', decimal '1.10', decimal '123456789012345678901234567890.12'
--: decimal(1,0), decimal(3,2), decimal(1,1), decimal(3,2), decimal(32,2)
--> 0 | -1.50 | 0.1 | 1.10 | 123456789012345678901234567890.12

-- Decimal functions and operators, Binary arithmetic decimal operators: x + y
select decimal '0.1' + decimal '0.2', decimal '1.25' + 10, decimal '9.9' - decimal '10.00'
--: decimal(2,1), decimal(13,2), decimal(5,2)
--> 0.3 | 11.25 | -0.10

-- Decimal functions and operators: x * y has the digits of both
select decimal '1.50' * decimal '2.5', decimal '-0.5' * 3
--: decimal(5,3), decimal(11,1)
--> 3.750 | -1.5

-- Decimal functions and operators: x / y has the larger scale, half rounded away from zero
select decimal '1.0' / decimal '3.0', decimal '2.00' / 3, decimal '-2.0' / decimal '3.0', decimal '0.05' / decimal '10.00', decimal '-0.05' / decimal '10.00'
--: decimal(3,1), decimal(3,2), decimal(3,1), decimal(4,2), decimal(4,2)
--> 0.3 | 0.67 | -0.7 | 0.01 | -0.01

-- Decimal functions and operators: x % y
select decimal '10.5' % 3, decimal '-10.5' % decimal '3.0'
--: decimal(3,1), decimal(2,1)
--> 1.5 | -1.5

-- Data types, Floating-point: a decimal and a double make a double, a real and an integer a real
select decimal '1.5' + 1e0, cast(decimal '1.5' as real) + 1, cast(1 as real) + 1e0
--: double, real, double
--> 2.5 | 2.5 | 2.0

-- Comparison operators
select 1 < 2, 2 <= 1, 1 = decimal '1.0', decimal '1.0' <> 1, 3 != 4, 'a' < 'b', true > false
--> true | false | true | false | true | true | true

-- TestDoubleOperators: NaN is equal to nothing, and neither less nor more
select nan() = nan(), nan() <> nan(), nan() < 1, nan() > 1, nan() between 1 and 2
--> false | true | false | false | false

-- Range operator BETWEEN: null propagates
select 3 between 2 and 6, 3 not between 2 and 6, null between 2 and 4, 2 between null and 6, 2 between 3 and null
--> true | false | NULL | NULL | false

-- IS NULL and IS NOT NULL
select null is null, 3.0 is null, 3 is not null
--> true | false | true

-- IS DISTINCT FROM and IS NOT DISTINCT FROM
select null is distinct from null, null is not distinct from null, 1 is distinct from null, 1 is distinct from 1
--> false | true | true | false

-- Logical operators: effect of NULL
select null and true, null and false, null or true, null or false, not cast(null as boolean)
--> NULL | false | true | NULL | NULL

-- LIKE: no default escape
select 'south_america' like 'south\_america' escape '\', 'continents' like 'c%', 'a\b' like 'a\b', 'abc' not like 'a_'
--> true | true | true | true

-- TestLikeFunctions: an escape before another letter
select 'x' like 'a#b' escape '#'
--! INVALID_FUNCTION_ARGUMENT: Escape character must be followed by '%', '_' or the escape character itself

-- IN with null
select 1 in (1, null), 2 in (1, null), 2 not in (1, null), null in (1, 2), decimal '1.0' in (1, 2)
--> true | NULL | NULL | NULL | true

-- Type mismatch: nothing is coerced between text and number
select '1' = 1
--! TYPE_MISMATCH: Cannot apply operator: varchar = integer

-- Type mismatch: date and text
select date '2020-01-01' < '2020-01-02'
--! TYPE_MISMATCH

-- Type mismatch: arithmetic on text
select 'a' + 1
--! TYPE_MISMATCH

-- Type mismatch: boolean and integer
select true = 1
--! TYPE_MISMATCH

-- Type mismatch: || takes no number
select 'a' || 1
--! TYPE_MISMATCH

-- Type mismatch: WHERE is boolean
select 1 where 1
--! TYPE_MISMATCH: WHERE clause must evaluate to a boolean: actual type integer

-- Type mismatch: AND takes booleans
select true and 1
--! TYPE_MISMATCH

-- Athena, not Trino: a literal with a point is a double
select 1.5, 1., .50, -1.50, 0.1 + 0.2, 100.0 * 1 / 3, 1.0 / 0
--: double, double, double, double, double, double, double
--> 1.5 | 1.0 | 0.5 | -1.5 | 0.30000000000000004 | 33.333333333333336 | Infinity

-- Athena, not Trino: a literal with a point among decimals and integers makes them doubles
select x + 1.1, x * 2.0, coalesce(null, 1.5, x), array[1, 1.5, x], greatest(1.5, x), mod(7, 2.5) from (values decimal '2.25') t(x)
--: double, double, double, array(double), double, double
--> 3.35 | 4.5 | 1.5 | [1.0, 1.5, 2.25] | 2.25 | 2.0

-- Athena, not Trino: a decimal is compared with a literal with a point as a double
select x = 2.25, x in (1.0, 2.25), x between 2.2 and 2.3, x is distinct from 2.25, x = 0.1 + 0.2, y = 12345678901234567.9 from (values (decimal '2.25', decimal '12345678901234567.89')) t(x, y)
--> true | true | true | false | false | true

-- Athena, not Trino: a literal with a point is rounded and cast as a double
select round(2.5), round(1.005, 2), floor(-1.5), truncate(17.88), cast(2.5 as integer), cast(1.235 as decimal(3,2)), cast(0.1 as varchar), cast(1.50 as json)
--: double, double, double, double, integer, decimal(3,2), varchar, json
--> 3.0 | 1.0 | -2.0 | 17.0 | 3 | 1.24 | 1.0E-1 | 1.5

-- Athena, not Trino: a literal with a point among rows of VALUES and UNION, and as what is ordered by
select x from (select x from (values 1.5, decimal '2.25', 1) t(x) union all select 0.50) order by 1.5, x
--: double
--> 0.5
--> 1.0
--> 1.5
--> 2.25

-- Decimal literals: as many digits as are written, but for zeros before them
select decimal '1.50', decimal '+1.5', decimal '-0.10', decimal '000.5', decimal '.5', decimal '5.', decimal '0', decimal '0.1' + decimal '0.2' = decimal '0.3'
--: decimal(3,2), decimal(2,1), decimal(2,2), decimal(1,1), decimal(1,1), decimal(1,0), decimal(1,0), boolean
--> 1.50 | 1.5 | -0.10 | 0.5 | 0.5 | 5 | 0 | true

-- Decimal literals: no number
select decimal '1,5'
--! INVALID_LITERAL: '1,5' is not a valid DECIMAL literal

-- Decimal literals: no exponent
select decimal '1e5'
--! INVALID_LITERAL: '1e5' is not a valid DECIMAL literal

-- Decimal literals: 38 digits at most
select decimal '1234567890123456789012345678901234567.89'
--! INVALID_LITERAL: '1234567890123456789012345678901234567.89' is not a valid DECIMAL literal

-- Negation
select -(-5), -decimal '1.5', - 2e0
--: integer, decimal(2,1), double
--> 5 | -1.5 | -2.0

-- A date is a moment at midnight
select date '2020-01-01' = timestamp '2020-01-01 00:00:00', timestamp '2020-01-01 12:00:00' > date '2020-01-01'
--> true | true

-- Moments with zones are compared as moments
select timestamp '2020-01-01 12:00:00 UTC' = timestamp '2020-01-01 04:00:00 America/Los_Angeles', timestamp '2020-01-01 12:00:00 +02:00' < timestamp '2020-01-01 12:00:00 UTC'
--> true | true

-- Decimal functions and operators: exact to the last of 38 digits, as BigDecimal computes them
select decimal '-67175255929939.007' % 1, decimal '0.608' % decimal '0.0008', cast(decimal '0.87' as decimal(2,2)) % decimal '-0.003', decimal '12345678901234567890.5' % decimal '0.7', decimal '1.5' % decimal '-0.4'
--> -0.007 | 0.0000 | 0.000 | 0.1 | 0.3

-- Decimal functions and operators: products and quotients of many digits
select cast(decimal '0.471632' as decimal(6,6)) * decimal '-2394799882310.1452', cast(-31263 as decimal(5,0)) / cast(decimal '0.000000000008' as decimal(12,12)), cast('0.17653826115177610866023' as decimal(25,23)) / decimal '-0.02320'
--: decimal(23,10), decimal(29,12), decimal(30,23)
--> -1129464258093.6984009664 | -3907875000000000.000000000000 | -7.60940780826621158018233
