-- Trino docs, window functions; TestAggregateWindowFunction and its neighbours.

-- Ranking functions
select x, row_number() over (order by x), rank() over (order by y), dense_rank() over (order by y), percent_rank() over (order by y), cume_dist() over (order by y), ntile(2) over (order by x) from (values (1, 10), (2, 10), (3, 20)) t(x, y) order by x
--: integer, bigint, bigint, bigint, double, double, bigint
--> 1 | 1 | 1 | 1 | 0.0 | 0.6666666666666666 | 1
--> 2 | 2 | 1 | 1 | 0.0 | 0.6666666666666666 | 1
--> 3 | 3 | 3 | 2 | 1.0 | 1.0 | 2

-- Value functions
select x, lag(x) over (order by x), lag(x, 2) over (order by x), lag(x, 1, 0) over (order by x), lead(x) over (order by x), lead(x, 1, 9) over (order by x), lead(x, 2) over (order by x) from (values 1, 2, 3) t(x) order by x
--> 1 | NULL | NULL | 0 | 2 | 2 | 3
--> 2 | 1 | NULL | 1 | 3 | 3 | NULL
--> 3 | 2 | 1 | 2 | NULL | 9 | NULL

-- first_value, last_value, nth_value: the default frame ends with the row's peers
select x, first_value(x) over (order by x), last_value(x) over (order by x), nth_value(x, 2) over (order by x), last_value(x) over (order by x rows between unbounded preceding and unbounded following) from (values 1, 2, 3) t(x) order by x
--> 1 | 1 | 1 | NULL | 3
--> 2 | 1 | 2 | 2 | 3
--> 3 | 1 | 3 | 2 | 3

-- IGNORE NULLS
select y, first_value(x) ignore nulls over (order by y), lag(x) ignore nulls over (order by y), last_value(x) ignore nulls over (order by y), lead(x) ignore nulls over (order by y) from (values (null, 1), (7, 2), (null, 3), (9, 4)) t(x, y) order by y
--> 1 | NULL | NULL | NULL | 7
--> 2 | 7 | NULL | 7 | 9
--> 3 | 7 | 7 | 7 | 9
--> 4 | 7 | 7 | 9 | NULL

-- Aggregates as window functions, with peers
select x, sum(x) over (order by x), count(*) over (), sum(x) over (partition by x % 2 order by x), avg(x * decimal '1.0') over () from (values 1, 2, 2, 3) t(x) order by x
--> 1 | 1 | 4 | 1 | 2.0
--> 2 | 5 | 4 | 4 | 2.0
--> 2 | 5 | 4 | 4 | 2.0
--> 3 | 8 | 4 | 4 | 2.0

-- ROWS frames
select x, sum(x) over (order by x rows between 1 preceding and 1 following), sum(x) over (order by x rows 1 preceding), min(x) over (order by x rows between current row and unbounded following) from (values 1, 2, 3) t(x) order by x
--> 1 | 3 | 1 | 1
--> 2 | 6 | 3 | 2
--> 3 | 5 | 5 | 3

-- Window functions over groups, and with FILTER
select x, sum(count(*)) over (), rank() over (order by count(*) desc), count(*) filter (where x > 1) from (values 1, 1, 2) t(x) group by x order by x
--> 1 | 3 | 1 | 0
--> 2 | 3 | 2 | 1

-- Nulls are last, whichever way
select x, row_number() over (order by x), row_number() over (order by x desc), row_number() over (order by x nulls first) from (values 1, null, 2) t(x) order by x
--> 1 | 1 | 2 | 2
--> 2 | 2 | 1 | 3
--> NULL | 3 | 3 | 1

-- A ranking function needs OVER
select rank() from (values 1) t(x)
--! NOT_SUPPORTED

-- Distances of RANGE are refused
select sum(x) over (order by x range between 1 preceding and current row) from (values 1) t(x)
--! NOT_SUPPORTED

-- DISTINCT within a window is refused
select count(distinct x) over () from (values 1) t(x)
--! NOT_SUPPORTED
