-- Trino docs, aggregate functions; the tests of io.trino.operator.aggregation.

-- count: of rows, of values, of different values
select count(*), count(x), count(distinct x), count_if(x > 1), count(1), approx_distinct(x) from (values 1, 2, 2, null) t(x)
--: bigint, bigint, bigint, bigint, bigint, bigint
--> 4 | 3 | 2 | 2 | 4 | 2

-- sum: types
select sum(x), sum(cast(x as bigint)), sum(y), sum(cast(x as double)), sum(cast(x as real)), sum(distinct x) from (values (1, decimal '1.50'), (1, decimal '2.25'), (3, null)) t(x, y)
--: bigint, bigint, decimal(38,2), double, real, bigint
--> 5 | 5 | 3.75 | 5.0 | 5.0 | 4

-- avg: types, and half away from zero
select avg(x), avg(y), avg(z), avg(cast(x as real)) from (values (1, decimal '1.50', 1e0), (2, decimal '2.25', 2e0)) t(x, y, z)
--: double, decimal(3,2), double, real
--> 1.5 | 1.88 | 1.5 | 1.5

-- Nothing to sum up
select count(x), sum(x), avg(x), min(x), max(x), array_agg(x), bool_and(x > 0), arbitrary(x), count_if(x > 0), avg(x * decimal '1.0') from (values 1) t(x) where false
--> 0 | NULL | NULL | NULL | NULL | NULL | NULL | NULL | 0 | NULL

-- sum: overflow
select sum(x) from (values 9223372036854775807, 1) t(x)
--! NUMERIC_VALUE_OUT_OF_RANGE

-- sum takes numbers
select sum(x) from (values 'a') t(x)
--! FUNCTION_NOT_FOUND

-- min, max
select min(x), max(x), min(y), max(y), max(z) from (values (1, 'b', date '2020-01-01'), (3, 'a', null)) t(x, y, z)
--: integer, integer, varchar, varchar, date
--> 1 | 3 | a | b | 2020-01-01

-- max_by, min_by: a null stands where it stands
select max_by(x, y), min_by(x, y), max_by(y, x) from (values ('a', 1), (null, 5), ('c', null)) t(x, y)
--> NULL | a | NULL

-- arbitrary, any_value: not null
select arbitrary(x), any_value(x) from (values null, 7, null) t(x)
--> 7 | 7

-- bool_and, bool_or, every
select bool_and(x), bool_or(x), every(x) from (values true, false, null) t(x)
--> false | true | false

-- array_agg: nulls are kept, ORDER BY puts them last
select array_agg(x order by x), array_agg(x order by x desc), array_agg(x order by x nulls first), array_agg(x order by y) from (values (2, 1), (null, 2), (1, 3)) t(x, y)
--: array(integer), array(integer), array(integer), array(integer)
--> [1, 2, null] | [2, 1, null] | [null, 1, 2] | [2, null, 1]

-- array_agg: DISTINCT and FILTER
select array_sort(array_agg(distinct x)), array_agg(x) filter (where x > 1), array_agg(x) filter (where x > 9) from (values 1, 1, 2) t(x)
--> [1, 2] | [2] | NULL

-- listagg
select listagg(x, ',') within group (order by x), listagg(x, '') within group (order by y desc) from (values ('a', 1), ('c', 2), ('b', 3)) t(x, y)
--> a,b,c | bca

-- FILTER
select count(*) filter (where x > 1), sum(x) filter (where y = 'a'), avg(x * decimal '1.0') filter (where y = 'a') from (values (1, 'a'), (2, 'b'), (4, 'a')) t(x, y)
--> 2 | 5 | 2.5

-- map_agg, histogram
select map_agg(x, y) from (values ('a', 1)) t(x, y)
--: map(varchar, integer)
--> {a=1}

-- map_agg: a null key is left out
select map_agg(x, y), cardinality(map_agg(x, y)) from (values ('a', 1), (null, 2)) t(x, y)
--> {a=1} | 1

-- histogram
select histogram(x)['a'], histogram(x)['b'], cardinality(histogram(x)) from (values 'a', 'b', 'a') t(x)
--: bigint, bigint, bigint
--> 2 | 1 | 2

-- Statistical aggregate functions
select stddev(x), stddev_samp(x), stddev_pop(x), variance(x), var_samp(x), var_pop(x) from (values 2, 4, 6) t(x)
--: double, double, double, double, double, double
--> 2.0 | 2.0 | 1.632993161855452 | 4.0 | 4.0 | 2.6666666666666665

-- Statistical aggregate functions: of two
select corr(y, x), covar_pop(y, x), covar_samp(y, x), regr_slope(y, x), regr_intercept(y, x) from (values (1, 2), (2, 4), (3, 6)) t(x, y)
--> 1.0 | 1.3333333333333333 | 2.0 | 2.0 | 0.0

-- Statistical aggregate functions: of one value
select stddev(x), variance(x), stddev_pop(x), corr(x, x) from (values 5) t(x)
--> NULL | NULL | 0.0 | NULL

-- Bitwise aggregate functions
select bitwise_and_agg(x), bitwise_or_agg(x) from (values 5, 12) t(x)
--: bigint, bigint
--> 4 | 13

-- GROUP BY an expression, an ordinal, and HAVING
select x % 2, count(*) from (values 1, 2, 3) t(x) group by x % 2 having count(*) > 1
--> 1 | 2

-- GROUP BY ordinal
select x, sum(y) from (values ('a', 1), ('b', 2), ('a', 3)) t(x, y) group by 1 order by 1
--> a | 4
--> b | 2

-- GROUP BY: null is a group
select x, count(*) from (values 1, null, null) t(x) group by x order by x
--> 1 | 1
--> NULL | 2

-- GROUPING SETS
select x, y, sum(z), grouping(x, y) from (values ('a', 'p', 1), ('a', 'q', 2)) t(x, y, z) group by grouping sets ((x), (x, y), ()) order by 4, 2
--> a | p | 1 | 0
--> a | q | 2 | 0
--> a | NULL | 3 | 1
--> NULL | NULL | 3 | 3

-- ROLLUP
select x, y, count(*) from (values ('a', 'p'), ('b', 'q')) t(x, y) group by rollup (x, y) order by 1, 2
--> a | p | 1
--> a | NULL | 1
--> b | q | 1
--> b | NULL | 1
--> NULL | NULL | 2

-- CUBE
select x, y, count(*), grouping(x, y) from (values ('a', 'p')) t(x, y) group by cube (x, y) order by 4
--> a | p | 1 | 0
--> a | NULL | 1 | 1
--> NULL | p | 1 | 2
--> NULL | NULL | 1 | 3

-- What is estimated, or comes from Trino's own hash, is refused
select checksum(x) from (values 1) t(x)
--! NOT_SUPPORTED

-- … and percentiles
select approx_percentile(x, 0.5) from (values 1) t(x)
--! NOT_SUPPORTED

-- … and the n greatest
select max(x, 2) from (values 1) t(x)
--! FUNCTION_NOT_FOUND

-- A scalar function is no aggregate
select upper(x) filter (where true) from (values 'a') t(x)
--! TYPE_MISMATCH

-- A column that is neither grouped nor summed up
select x, count(*) from (values 1) t(x)
--! EXPRESSION_NOT_AGGREGATE

-- MaxAggregation, ArrayMaxFunction: NaN is the least
select max(x), min(x), array_max(array_agg(x)), max(y) from (values (nan(), nan()), (1e0, nan()), (-2e0, nan())) t(x, y)
--> 1.0 | -2.0 | 1.0 | NaN

-- Maps are not grouped, for their entries have no order
select distinct m from (values map(array[1], array[2])) t(m)
--! NOT_SUPPORTED
