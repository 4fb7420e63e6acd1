-- Trino docs, map functions and operators; data types, ROW; TestMapOperators, TestRowOperators.

-- Constructor
select map(array['key1', 'key2', 'key3'], array[2373, 3463, 45837]), map(array['key1', 'key2', 'key3'], array[23, decimal '34.63', decimal '45.837']), map(array['k1', 'k2'], array['v1', null]), map(), map(array[1, 3], array[2, 4])
--: map(varchar, integer), map(varchar, decimal(13,3)), map(varchar, varchar), map(unknown, unknown), map(integer, integer)
--> {key1=2373, key2=3463, key3=45837} | {key1=23.000, key2=34.630, key3=45.837} | {k1=v1, k2=null} | {} | {1=2, 3=4}

-- TestMapOperators.testConstructor: a key twice
select map(array[1, 1], array[2, 3])
--! INVALID_FUNCTION_ARGUMENT: Duplicate map keys

-- TestMapOperators.testConstructor: lengths differ
select map(array[1], array[2, 4])
--! INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length

-- TestMapOperators.testConstructor: a null key
select map(array[null, 2], array[2, 4])
--! INVALID_FUNCTION_ARGUMENT: map key cannot be null

-- Subscript operator
select map(array['key1', 'key2'], array['v1', 'v2'])['key2'], map(array[1], array[null])[1]
--> v2 | NULL

-- TestMapOperators.testSubscript: no such key
select map(array[1], array[2])[3]
--! INVALID_FUNCTION_ARGUMENT: Key not present in map: 3

-- … of a column
select m['b'] from (values map(array['a'], array[1]), map(array['b'], array[2])) t(m)
--! INVALID_FUNCTION_ARGUMENT: Key not present in map: b

-- element_at, cardinality
select element_at(map(array['a'], array[1]), 'a'), element_at(map(array['a'], array[1]), 'b'), cardinality(map(array['a', 'b'], array[1, 2])), cardinality(map())
--: integer, integer, bigint, bigint
--> 1 | NULL | 2 | 0

-- map_keys, map_values, map_entries
select map_keys(map(array['a', 'b'], array[1, null])), map_values(map(array['a', 'b'], array[1, null])), map_entries(map(array[1, 2], array['x', 'y']))
--: array(varchar), array(integer), array(row(field0 integer, field1 varchar))
--> [a, b] | [1, null] | [{field0=1, field1=x}, {field0=2, field1=y}]

-- map_from_entries
select map_from_entries(array[(1, 'x'), (2, 'y')]), map_from_entries(array[row('a', null)])
--> {1=x, 2=y} | {a=null}

-- map_concat: the last one counts
select map_concat(map(array['a', 'b'], array[1, 2]), map(array['b', 'c'], array[3, 4])), map_concat(map(array[1], array[2]), map(array[1], array[3]), map(array[5], array[6]))
--> {a=1, b=3, c=4} | {1=3, 5=6}

-- map_filter
select map_filter(map(array[10, 20, 30], array['a', null, 'c']), (k, v) -> v is not null), map_filter(map(array['k1', 'k2', 'k3'], array[20, 3, 15]), (k, v) -> v > 10), map_filter(map(array[], array[]), (k, v) -> true)
--> {10=a, 30=c} | {k1=20, k3=15} | {}

-- transform_keys
select transform_keys(map(array[1, 2, 3], array['a', 'b', 'c']), (k, v) -> k + 1), transform_keys(map(array['a', 'b', 'c'], array[1, 2, 3]), (k, v) -> v * v), transform_keys(map(array['a', 'b'], array[1, 2]), (k, v) -> k || cast(v as varchar)), transform_keys(map(array[1, 2], array[decimal '1.0', decimal '1.4']), (k, v) -> map(array[1, 2], array['one', 'two'])[k])
--> {2=a, 3=b, 4=c} | {1=1, 4=2, 9=3} | {a1=1, b2=2} | {one=1.0, two=1.4}

-- transform_values
select transform_values(map(array[1, 2, 3], array[10, 20, 30]), (k, v) -> v + k), transform_values(map(array[1, 2, 3], array['a', 'b', 'c']), (k, v) -> k * k), transform_values(map(array['a', 'b'], array[1, 2]), (k, v) -> k || cast(v as varchar)), transform_values(map(array[1, 2], array[decimal '1.0', decimal '1.4']), (k, v) -> map(array[1, 2], array['one', 'two'])[k] || '_' || cast(v as varchar))
--> {1=11, 2=22, 3=33} | {1=1, 2=4, 3=9} | {a=a1, b=b2} | {1=one_1.0, 2=two_1.4}

-- ROW: unnamed and named fields
select row(1, 'a'), (1, 'a'), cast(row(1, 2e0) as row(x bigint, y double)), cast(row(1, null) as row(x integer, y array(integer)))
--: row(field0 integer, field1 varchar), row(field0 integer, field1 varchar), row(x bigint, y double), row(x integer, y array(integer))
--> {field0=1, field1=a} | {field0=1, field1=a} | {x=1, y=2.0} | {x=1, y=null}

-- ROW: fields
select cast(row(1, 2.0) as row(x bigint, y double)).x, r.x, r.y.z, t.r.x from (values cast(row(5, row(6)) as row(x integer, y row(z integer)))) t(r)
--> 1 | 5 | 6 | 5

-- ROW: no such field
select r.nope from (values cast(row(5) as row(x integer))) t(r)
--! TYPE_MISMATCH

-- ROW: as many fields as there are
select cast(row(1, 2) as row(x integer))
--! TYPE_MISMATCH

-- Rows are not compared here
select row(1, 2) = row(1, 2)
--! NOT_SUPPORTED
