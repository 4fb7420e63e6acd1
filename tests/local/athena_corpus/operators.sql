-- Trino docs, mathematical functions and operators; decimal functions and operators; comparison functions and operators.

-- Mathematical operators: integer division truncates
select 7 / 2, -7 / 2, 7 / -2, -7 / -2
--: integer, integer, integer, integer
--> 3 | -3 | -3 | 3

-- Mathematical operators: the remainder has the dividend's sign
select 7 % 3, -7 % 3, 7 % -3, mod(-7, 3), mod(5.5, 2)
--: integer, integer, integer, integer, decimal(2,1)
--> 1 | -1 | 1 | -1 | 1.5

-- StandardErrorCode DIVISION_BY_ZERO
select 1 / 0
--! DIVISION_BY_ZERO: Division by zero

-- StandardErrorCode DIVISION_BY_ZERO, of a remainder
select 1 % 0
--! DIVISION_BY_ZERO

-- StandardErrorCode DIVISION_BY_ZERO, of decimals
select 1.0 / 0.0
--! DIVISION_BY_ZERO

-- StandardErrorCode DIVISION_BY_ZERO, of a decimal's remainder
select 1.5 % 0.0
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
select decimal '0', decimal '-1.50', 0.1, 1.10, 123456789012345678901234567890.12
--: decimal(1,0), decimal(3,2), decimal(1,1), decimal(3,2), decimal(32,2)
--> 0 | -1.50 | 0.1 | 1.10 | 123456789012345678901234567890.12

-- Decimal functions and operators, Binary arithmetic decimal operators: x + y
select 0.1 + 0.2, 1.25 + 10, 9.9 - 10.00
--: decimal(2,1), decimal(13,2), decimal(5,2)
--> 0.3 | 11.25 | -0.10

-- Decimal functions and operators: x * y has the digits of both
select 1.50 * 2.5, -0.5 * 3
--: decimal(5,3), decimal(11,1)
--> 3.750 | -1.5

-- Decimal functions and operators: x / y has the larger scale, half rounded away from zero
select 1.0 / 3.0, 2.00 / 3, -2.0 / 3.0, 0.05 / 10.00, -0.05 / 10.00
--: decimal(3,1), decimal(3,2), decimal(3,1), decimal(4,2), decimal(4,2)
--> 0.3 | 0.67 | -0.7 | 0.01 | -0.01

-- Decimal functions and operators: x % y
select 10.5 % 3, -10.5 % 3.0
--: decimal(3,1), decimal(2,1)
--> 1.5 | -1.5

-- Data types, Floating-point: a decimal and a double make a double, a real and an integer a real
select 1.5 + 1e0, cast(1.5 as real) + 1, cast(1 as real) + 1e0
--: double, real, double
--> 2.5 | 2.5 | 2.0

-- Comparison operators
select 1 < 2, 2 <= 1, 1 = 1.0, 1.0 <> 1, 3 != 4, 'a' < 'b', true > false
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
select 1 in (1, null), 2 in (1, null), 2 not in (1, null), null in (1, 2), 1.0 in (1, 2)
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

-- Negation
select -(-5), -1.5, - 2e0
--: integer, decimal(2,1), double
--> 5 | -1.5 | -2.0

-- A date is a moment at midnight
select date '2020-01-01' = timestamp '2020-01-01 00:00:00', timestamp '2020-01-01 12:00:00' > date '2020-01-01'
--> true | true

-- Moments with zones are compared as moments
select timestamp '2020-01-01 12:00:00 UTC' = timestamp '2020-01-01 04:00:00 America/Los_Angeles', timestamp '2020-01-01 12:00:00 +02:00' < timestamp '2020-01-01 12:00:00 UTC'
--> true | true

-- Decimal functions and operators: exact to the last of 38 digits, as BigDecimal computes them
select -67175255929939.007 % 1, 0.608 % 0.0008, cast(0.87 as decimal(2,2)) % -0.003, 12345678901234567890.5 % 0.7, 1.5 % -0.4
--> -0.007 | 0.0000 | 0.000 | 0.1 | 0.3

-- Decimal functions and operators: products and quotients of many digits
select cast(0.471632 as decimal(6,6)) * -2394799882310.1452, cast(-31263 as decimal(5,0)) / cast(0.000000000008 as decimal(12,12)), cast('0.17653826115177610866023' as decimal(25,23)) / -0.02320
--: decimal(23,10), decimal(29,12), decimal(30,23)
--> -1129464258093.6984009664 | -3907875000000000.000000000000 | -7.60940780826621158018233
