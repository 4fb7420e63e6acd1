-- Trino docs, SELECT, VALUES; AbstractTestQueries.

-- VALUES
values (1, 'a'), (2, null)
--: integer, varchar
--> 1 | a
--> 2 | NULL

-- VALUES: of one column, of types that coerce
select * from (values 1, decimal '2.5', null) as t(x) order by x
--: decimal(11,1)
--> 1.0
--> 2.5
--> NULL

-- VALUES: of types that do not
values 1, 'a'
--! TYPE_MISMATCH

-- Unnamed columns
select 1, 2 as x, 1 + 1
--# _col0, x, _col2
--> 1 | 2 | 2

-- Quoted identifiers, and names without case
select "T"."X Y" as "My Name", T.z from (select 1 as "x y", 2 as Z) as t
--# My Name, z
--> 1 | 2

-- ORDER BY: nulls are last, whichever way
select x from (values 1, null, 2) t(x) order by x desc
--> 2
--> 1
--> NULL

-- ORDER BY: NULLS FIRST
select x from (values 1, null, 2) t(x) order by x nulls first
--> NULL
--> 1
--> 2

-- ORDER BY: an alias, an ordinal, an expression
select x as y, -x from (values 1, 3, 2) t(x) order by y desc, 2
--> 3 | -3
--> 2 | -2
--> 1 | -1

-- ORDER BY: what is not selected
select x from (values (1, 2), (2, 1)) t(x, y) order by y
--> 2
--> 1

-- LIMIT and OFFSET
select x from (values 1, 2, 3, 4) t(x) order by x offset 1 limit 2
--> 2
--> 3

-- FETCH FIRST
select x from (values 1, 2, 3) t(x) order by x offset 1 row fetch first 1 row only
--> 2

-- LIMIT ALL
select x from (values 1) t(x) limit all
--> 1

-- FETCH FIRST … WITH TIES is refused
select x from (values 1, 1) t(x) order by x fetch first 1 row with ties
--! NOT_SUPPORTED

-- SELECT DISTINCT
select distinct x, y from (values (1, null), (1, null), (2, 'a')) t(x, y) order by x
--> 1 | NULL
--> 2 | a

-- UNION removes duplicates, UNION ALL does not
select count(*) from (select 1 union select 1 union all select 1)
--> 2

-- UNION: the type that takes both
select x from (select 1 as x union all select decimal '2.55') order by x
--: decimal(12,2)
--> 1.00
--> 2.55

-- UNION: as many columns
select 1 union select 1, 2
--! TYPE_MISMATCH: UNION query has different number of fields: 1, 2

-- UNION: types that do not go together
select 1 union all select 'a'
--! TYPE_MISMATCH

-- INTERSECT and EXCEPT
select * from (values 13, 42) as t(x) intersect select 13
--> 13

-- EXCEPT
select * from (values 13, 42, 42) as t(x) except select 13
--> 42

-- INTERSECT binds before UNION
select x from (select 1 as x union select 2 intersect select 2) order by x
--> 1
--> 2

-- WITH
with a as (select 1 as x), b(y) as (select x + 1 from a) select x, y from a cross join b
--> 1 | 2

-- WITH: a name is found in the inner query first
with t as (select 1 as x) select * from (with t as (select 2 as x) select * from t)
--> 2

-- WITH RECURSIVE is refused
with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select n from t
--! NOT_SUPPORTED

-- Joins
select a.x, b.y from (values 1, 2) a(x) left join (values (1, 'p')) b(x, y) on a.x = b.x order by 1
--> 1 | p
--> 2 | NULL

-- FULL JOIN … USING
select x, a.p, b.q from (values (1, 'a'), (2, 'b')) a(x, p) full join (values (2, 'c'), (3, 'd')) b(x, q) using (x) order by x
--> 1 | a | NULL
--> 2 | b | c
--> 3 | NULL | d

-- RIGHT JOIN, CROSS JOIN
select a.x, b.y, c.z from (values 1) a(x) right join (values 1, 2) b(y) on a.x = b.y cross join (values 9) c(z) order by 2
--> 1 | 1 | 9
--> NULL | 2 | 9

-- Null joins nothing
select count(*) from (values 1, null) a(x) join (values 1, null) b(x) on a.x = b.x
--> 1

-- NATURAL JOIN is refused
select * from (values 1) a(x) natural join (values 1) b(x)
--! NOT_SUPPORTED

-- * of each table
select b.*, a.* from (values (1, 2)) a(x, y) cross join (values 3) b(x)
--# x, x, y
--> 3 | 1 | 2

-- Ambiguous columns
select x from (select 1 as x) a cross join (select 2 as x) b
--! AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous

-- Columns that are not there
select nope from (select 1 as x) a
--! COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved

-- Scalar subqueries
select (select max(x) from (values 1, 2) t(x)), (select 1 where false)
--> 2 | NULL

-- Scalar subqueries: more than one row
select (select x from (values 1, 2) t(x))
--! SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows

-- Correlated subqueries
select x, (select count(*) from (values 1, 1, 2) u(y) where y = x) from (values 1, 2, 3) t(x) order by x
--> 1 | 2
--> 2 | 1
--> 3 | 0

-- EXISTS, IN, NOT IN with nulls
select x from (values 1, 2) t(x) where exists (select 1 from (values 1) u(y) where y = x) and x in (select 1) and x not in (select 5)
--> 1

-- NOT IN with a null finds nothing
select count(*) from (values 1, 2) t(x) where x not in (select cast(null as integer))
--> 0

-- IN: types that do not go together
select 1 in (select 'a')
--! TYPE_MISMATCH

-- HAVING without GROUP BY
select sum(x) from (values 1, 2) t(x) having sum(x) > 2
--> 3

-- Subqueries in FROM, and aliases of columns
select p, q + 1 from (select 1, 2) as t(p, q)
--> 1 | 3

-- Column aliases: as many as there are
select * from (select 1, 2) as t(p)
--! MISMATCHED_COLUMN_ALIASES

-- TABLESAMPLE is refused
select * from (values 1) as t(x) tablesample bernoulli (50)
--! NOT_SUPPORTED

-- QUALIFY and other people's SQL is refused
select distinct on (x) x from (values 1) t(x)
--! NOT_SUPPORTED

-- A function that nobody knows
select frobnicate(1)
--! NOT_SUPPORTED: The local Athena does not support the function frobnicate

-- … also DuckDB's own
select read_text('/etc/passwd')
--! NOT_SUPPORTED: The local Athena does not support the function read_text

-- … and its tables
select * from read_csv('/etc/passwd')
--! NOT_SUPPORTED

-- … and its columns
select * from duckdb_settings()
--! NOT_SUPPORTED

-- Comments
select 1 -- one
  /* two */ + 1
--> 2

-- An alias hides no column in GROUP BY, but does in ORDER BY
select -x as x, count(*) from (values 1, 2, 2) t(x) group by x order by x
--> -2 | 2
--> -1 | 1

-- Neither GROUP BY nor WHERE nor the other columns know aliases
select x + 1 as y from (values 1) t(x) where y = 2
--! COLUMN_NOT_FOUND

-- * with USING has the column once, first
select * from (values (1, 2)) a(y, x) join (values (2, 3)) b(x, z) using (x)
--# x, y, z
--> 2 | 1 | 3

-- VALUES of ROW, which would be several columns
values row(1, 'a')
--! NOT_SUPPORTED

-- Precedence
select 2 + 3 * 4 - 6 / 4, 8 / 4 / 2, 7 - 2 - 1, not true = false, 1 < 2 = true, 'a' || 'b' = 'ab', not 'a' like 'b', 1 = 1 and 2 = 3 or true
--> 13 | 1 | 4 | true | true | true | true | true
