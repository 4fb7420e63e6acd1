-- Trino docs, conditional expressions; TestConditions.

-- CASE: simple and searched
select case 1 when 1 then 'one' when 2 then 'two' else 'many' end, case 3 when 1 then 'one' when 2 then 'two' end, case when 1 > 2 then 'a' when 2 > 1 then 'b' else 'c' end
--> one | NULL | b

-- CASE: null equals nothing
select case null when null then 'same' else 'other' end
--> other

-- CASE: the type that takes all
select case when true then 1 else decimal '2.5' end, case when false then 1 else 2e0 end, case when true then null else 1 end
--: decimal(11,1), double, integer
--> 1.0 | 2.0 | NULL

-- CASE: types that have nothing in common
select case when true then 1 else 'a' end
--! TYPE_MISMATCH

-- IF
select if(true, 'a', 'b'), if(false, 'a'), if(null, 1, 2), if(1 < 2, decimal '1.5', 2)
--> a | NULL | 2 | 1.5

-- COALESCE
select coalesce(null, 1, 2), coalesce(null, null), coalesce(1, decimal '2.5'), coalesce('a', null)
--: integer, unknown, decimal(11,1), varchar
--> 1 | NULL | 1.0 | a

-- COALESCE: types that have nothing in common
select coalesce(1, 'a')
--! TYPE_MISMATCH

-- NULLIF
select nullif(1, 1), nullif(1, 2), nullif('a', null), nullif(null, 1), nullif(decimal '5.0', 5)
--: integer, integer, varchar, unknown, decimal(2,1)
--> NULL | 1 | a | NULL | NULL

-- TRY
select try(10 / x) from (values 0, 5) t(x) order by x
--> NULL
--> 2
