-- Trino docs, mathematical functions and operators; TestMathFunctions.

-- TestMathFunctions.testAbs
select abs(-123), abs(decimal '123.45'), abs(-1.5e0), abs(decimal '-123.45'), abs(null)
--: integer, decimal(5,2), double, decimal(5,2), integer
--> 123 | 123.45 | 1.5 | 123.45 | NULL

-- TestMathFunctions.testCeil, testFloor, of decimals
select ceil(decimal '1.2'), ceiling(decimal '-1.2'), floor(decimal '1.2'), floor(decimal '-1.2'), ceil(123), floor(-5)
--: decimal(2,0), decimal(2,0), decimal(2,0), decimal(2,0), integer, integer
--> 2 | -1 | 1 | -2 | 123 | -5

-- TestMathFunctions.testCeil, testFloor, of doubles
select ceil(1.5e0), floor(-1.5e0), ceiling(2e0)
--: double, double, double
--> 2.0 | -2.0 | 2.0

-- TestMathFunctions.testRound: halves away from zero
select round(2.5e0), round(-2.5e0), round(3.5e0), round(decimal '2.5'), round(decimal '-2.5'), round(decimal '0.5')
--: double, double, double, decimal(2,0), decimal(2,0), decimal(1,0)
--> 3.0 | -3.0 | 4.0 | 3 | -3 | 1

-- TestMathFunctions.testRound: to digits
select round(3.14159e0, 2), round(decimal '1234.567', 2), round(decimal '1234.567', -2), round(-3.14159e0, 3), round(123, -1), round(125, -1), round(5)
--: double, decimal(8,3), decimal(8,3), double, integer, integer, integer
--> 3.14 | 1234.570 | 1200.000 | -3.142 | 120 | 130 | 5

-- TestMathFunctions.testTruncate
select truncate(17.18e0), truncate(-17.88e0), truncate(decimal '17.18'), truncate(decimal '-17.88')
--: double, double, decimal(2,0), decimal(2,0)
--> 17.0 | -17.0 | 17 | -17

-- TestMathFunctions.testSign
select sign(-5), sign(0), sign(decimal '2.5'), sign(-0.1e0), sign(nan())
--: integer, integer, decimal(1,0), double, double
--> -1 | 0 | 1 | -1.0 | NaN

-- power, sqrt, exp, ln, log
select power(2, 10), pow(5.0, -1), sqrt(2), exp(0), ln(1), log(2, 8), log2(8), log10(1000)
--: double, double, double, double, double, double, double, double
--> 1024.0 | 0.2 | 1.4142135623730951 | 1.0 | 0.0 | 3.0 | 3.0 | 3.0

-- TestMathFunctions.testLn, testSqrt: beyond their domain
select ln(-1), sqrt(-1), ln(0), power(0, -1)
--> NaN | NaN | -Infinity | Infinity

-- constants
select pi(), e(), infinity(), nan()
--: double, double, double, double
--> 3.141592653589793 | 2.718281828459045 | Infinity | NaN

-- Floating point functions
select is_nan(nan()), is_nan(1), is_finite(1e0), is_finite(infinity()), is_infinite(-infinity())
--> true | false | true | false | true

-- Trigonometric functions
select sin(0), cos(0), tan(0), asin(0), acos(1), atan(0), atan2(0, 1), degrees(pi()), radians(0)
--> 0.0 | 1.0 | 0.0 | 0.0 | 0.0 | 0.0 | 0.0 | 180.0 | 0.0

-- TestMathFunctions.testWidthBucket
select width_bucket(3.14, 0, 4, 3), width_bucket(2, 0, 4, 3), width_bucket(infinity(), 0, 4, 3), width_bucket(-1, 0, 3.2, 4), width_bucket(3.14, 4, 0, 3), width_bucket(5, 4, 0, 3)
--: bigint, bigint, bigint, bigint, bigint, bigint
--> 3 | 2 | 4 | 0 | 1 | 0

-- TestMathFunctions.testWidthBucket: no buckets
select width_bucket(3.14, 0, 4, 0)
--! INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0

-- TestMathFunctions.testToBase
select to_base(2147483648, 16), to_base(255, 2), to_base(35, 36)
--> 80000000 | 11111111 | z

-- Bitwise functions
select bitwise_and(19, 25), bitwise_or(19, 25), bitwise_xor(19, 25), bitwise_not(19), bitwise_not(-12)
--: bigint, bigint, bigint, bigint, bigint
--> 17 | 27 | 10 | -20 | 11

-- TestMathFunctions.testGreatest, testLeast: null if one is
select greatest(1, 2), least(1, 2), greatest(1, null, 3), least('b', 'a'), greatest(decimal '1.5', 2), least(date '2020-01-01', date '2019-12-31')
--: integer, integer, integer, varchar, decimal(11,1), date
--> 2 | 1 | NULL | a | 2.0 | 2019-12-31

-- Numbers that are drawn are refused
select rand()
--! NOT_SUPPORTED

-- … and what differs in the last digit
select cbrt(27)
--! NOT_SUPPORTED
