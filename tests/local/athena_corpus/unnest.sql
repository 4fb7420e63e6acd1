-- Trino docs, SELECT, UNNEST; TestUnnest.

-- One array
select x from unnest(array[1, 2]) as t(x) order by x
--: integer
--> 1
--> 2

-- Arrays of unequal length
select * from unnest(array[2, 5], array[7, 8, 9]) as t(a, b) order by b
--> 2 | 7
--> 5 | 8
--> NULL | 9

-- WITH ORDINALITY
select a, b, n from unnest(array[2, 5], array[7, 8, 9]) with ordinality as t(a, b, n) order by n
--: integer, integer, bigint
--> 2 | 7 | 1
--> 5 | 8 | 2
--> NULL | 9 | 3

-- A map
select * from unnest(map(array['sql', 'java'], array[1974, 1995])) as t(language, year) order by 2
--: varchar, integer
--> sql | 1974
--> java | 1995

-- An array of rows has a column for each field
select * from unnest(array[row('Java', 1995), row('SQL', 1974)], array[row(false), row(true)]) as t(language, year, declarative) order by 2
--> SQL | 1974 | true
--> Java | 1995 | false

-- CROSS JOIN: a row without elements is dropped
select id, x from (values (1, array[10, 20]), (2, array[]), (3, null)) t(id, a) cross join unnest(a) as u(x) order by x
--> 1 | 10
--> 1 | 20

-- LEFT JOIN … ON TRUE: it is kept
select id, x, n from (values (1, array[10, 20]), (2, cast(array[] as array(integer)))) t(id, a) left join unnest(t.a) with ordinality as u(x, n) on true order by id, n
--> 1 | 10 | 1
--> 1 | 20 | 2
--> 2 | NULL | NULL

-- Two in a row
select id, x, y from (values (1, array[1, 2], array['a'])) t(id, a, b) cross join unnest(a) as u(x) cross join unnest(b) as v(y) order by x
--> 1 | 1 | a
--> 1 | 2 | a

-- The second sees the first
select x, y from (values array[array[1, 2], array[3]]) t(a) cross join unnest(a) as u(x) cross join unnest(x) as v(y) order by y
--> [1, 2] | 1
--> [1, 2] | 2
--> [3] | 3

-- A comma joins too
select x from (values 1) t(a), unnest(array[a, a + 1]) as u(x) order by x
--> 1
--> 2

-- Aggregated again
select id, sum(x) from (values (1, array[1, 2]), (2, array[5])) t(id, a) cross join unnest(a) as u(x) group by id order by id
--> 1 | 3
--> 2 | 5

-- A null element is a row
select x from unnest(array[1, null]) as t(x) order by x
--> 1
--> NULL

-- Names for its columns are needed here
select * from unnest(array[1])
--! NOT_SUPPORTED

-- As many as there are
select * from unnest(array[1]) as t(a, b)
--! MISMATCHED_COLUMN_ALIASES

-- Nothing else can be unnested
select * from unnest(1) as t(a)
--! TYPE_MISMATCH: Cannot unnest type: integer
