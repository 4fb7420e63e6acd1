-- Trino docs, array functions and operators, lambda expressions; TestArrayOperators, TestArrayFunctions.

-- Constructor
select array[1, 2, 4], array['foo', 'bar'], array[1, decimal '1.2', 4], array[1, 2, null, -4, null], array[], array[array[1], array[]]
--: array(integer), array(varchar), array(decimal(11,1)), array(integer), array(unknown), array(array(integer))
--> [1, 2, 4] | [foo, bar] | [1.0, 1.2, 4.0] | [1, 2, null, -4, null] | [] | [[1], []]

-- Constructor: nothing in common
select array[1, 'a']
--! TYPE_MISMATCH

-- Subscript operator
select array[1, decimal '1.2', 4][2], array['a', 'b'][1], array[array[1, 2]][1][2], array[1, null][2]
--: decimal(11,1), varchar, integer, integer
--> 1.2 | a | 2 | NULL

-- TestArrayOperators.testSubscript
select array[1, 2, 3][4]
--! INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 4 > 3

-- TestArrayOperators.testSubscript
select array[1, 2, 3][0]
--! INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1

-- TestArrayOperators.testSubscript
select array[1, 2, 3][-1]
--! INVALID_FUNCTION_ARGUMENT: Array subscript is negative: -1

-- Subscripts of a column
select x[2] from (values array[1], array[1, 2]) t(x)
--! INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 2 > 1

-- element_at
select element_at(array[1, 2, 3], 1), element_at(array[1, 2, 3], -1), element_at(array[1, 2, 3], 4), element_at(array[1, 2, 3], -4)
--> 1 | 3 | NULL | NULL

-- TestArrayOperators.testElementAt
select element_at(array[1], 0)
--! INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1

-- Concatenation operator
select array[1] || array[2], array[1] || 2, 2 || array[1], concat(array[1], array[2, 3], array[]), array[1] || cast(null as array(integer)), array[1] || decimal '2.5'
--> [1, 2] | [1, 2] | [2, 1] | [1, 2, 3] | NULL | [1.0, 2.5]

-- cardinality
select cardinality(array[]), cardinality(array[null, 1]), cardinality(null)
--: bigint, bigint, bigint
--> 0 | 2 | NULL

-- contains: null where it cannot be told
select contains(array[1, 2, 3], 2), contains(array[1, 2, 3], 5), contains(array[null, 2], 2), contains(array[1, null], 5), contains(array[1], null)
--> true | false | true | NULL | NULL

-- array_distinct: the first of each, in their order
select array_distinct(array[3, 1, 3, null, 1, null]), array_distinct(array['b', 'a', 'b']), array_distinct(array[])
--> [3, 1, null] | [b, a] | []

-- array_union, array_intersect, array_except
select array_union(array[1, 2], array[2, 3]), array_sort(array_intersect(array[5, 1, 5, null], array[1, 5, null])), array_except(array[1, 1, 2, 3], array[2]), array_union(array[1], null)
--> [1, 2, 3] | [1, 5, null] | [1, 3] | NULL

-- array_sort, array_max, array_min
select array_sort(array[5, 20, 3, null, 4]), array_max(array[5, 7, 3]), array_max(array[1, null]), array_min(array['b', 'a']), array_max(cast(array[] as array(integer)))
--> [3, 4, 5, 20, null] | 7 | NULL | a | NULL

-- array_sort with a comparator is refused
select array_sort(array[3, 2], (x, y) -> if(x < y, 1, if(x = y, 0, -1)))
--! FUNCTION_NOT_FOUND

-- array_position, array_remove
select array_position(array[10, 20, 30, 20], 20), array_position(array[1], 5), array_position(array[1], null), array_remove(array['foo', 'bar', 'foo'], 'foo'), array_remove(array[1, null, 2], 1)
--: bigint, bigint, bigint, array(varchar), array(integer)
--> 2 | 0 | NULL | [bar] | [null, 2]

-- arrays_overlap
select arrays_overlap(array[1, 2], array[3, 2]), arrays_overlap(array[1], array[3]), arrays_overlap(array[1, null], array[3]), arrays_overlap(array[1, null], array[1])
--> true | false | NULL | true

-- array_join
select array_join(array[1, null, 2], ','), array_join(array[1, null, 2], ',', 'N'), array_join(array['a', 'b'], ''), array_join(array[true, false], '-'), array_join(array[decimal '1.50', decimal '2.25'], ';'), array_join(array[], ',')
--> 1,2 | 1,N,2 | ab | true-false | 1.50;2.25 | ''

-- slice
select slice(array[1, 2, 3, 4], 1, 2), slice(array[1, 2, 3, 4], 3, 10), slice(array[1, 2, 3, 4], -2, 2), slice(array[1, 2, 3, 4], -3, 1), slice(array[1, 2], 3, 1), slice(array[1, 2], -3, 1), slice(array[1, 2], 1, 0)
--> [1, 2] | [3, 4] | [3, 4] | [2] | [] | [] | []

-- TestArrayOperators.testSlice
select slice(array[1, 2], 0, 1)
--! INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1

-- TestArrayOperators.testSlice
select slice(array[1, 2], 1, -1)
--! INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0

-- sequence
select sequence(1, 5), sequence(5, 1), sequence(1, 6, 2), sequence(6, 1, -2), sequence(3, 3)
--: array(bigint), array(bigint), array(bigint), array(bigint), array(bigint)
--> [1, 2, 3, 4, 5] | [5, 4, 3, 2, 1] | [1, 3, 5] | [6, 4, 2] | [3]

-- sequence: of dates and timestamps
select sequence(date '2016-04-12', date '2016-04-14'), sequence(date '2016-04-14', date '2016-04-12'), sequence(date '2016-04-12', date '2016-06-12', interval '1' month), sequence(timestamp '2016-04-16 01:00:10', timestamp '2016-04-16 01:02:10', interval '1' minute)
--> [2016-04-12, 2016-04-13, 2016-04-14] | [2016-04-14, 2016-04-13, 2016-04-12] | [2016-04-12, 2016-05-12, 2016-06-12] | [2016-04-16 01:00:10.000, 2016-04-16 01:01:10.000, 2016-04-16 01:02:10.000]

-- TestSequenceFunction: the wrong way
select sequence(2, -1, 1)
--! INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start

-- TestSequenceFunction: too long
select sequence(1, 1000000)
--! INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries

-- flatten, repeat, reverse
select flatten(array[array[1, 2], array[3]]), flatten(array[array[1], null, array[null]]), repeat(7, 3), repeat('a', 0), reverse(array[1, 2, 3])
--> [1, 2, 3] | [1, null] | [7, 7, 7] | [] | [3, 2, 1]

-- filter
select filter(array[], x -> true), filter(array[5, -6, null, 7], x -> x > 0), filter(array[5, null, 7, null], x -> x is not null)
--> [] | [5, 7] | [5, 7]

-- transform
select transform(array[], x -> x + 1), transform(array[5, 6], x -> x + 1), transform(array[5, null, 6], x -> coalesce(x, 0) + 1), transform(array['x', 'abc', 'z'], x -> x || '0'), transform(array[array[1, null, 2], array[3, null]], a -> filter(a, x -> x is not null))
--> [] | [6, 7] | [6, 1, 7] | [x0, abc0, z0] | [[1, 2], [3]]

-- transform sees the row's columns
select transform(a, x -> x * n) from (values (array[1, 2], 10)) t(a, n)
--> [10, 20]

-- reduce
select reduce(array[], 0, (s, x) -> s + x, s -> s), reduce(array[5, 20, 50], 0, (s, x) -> s + x, s -> s), reduce(array[5, 20, null, 50], 0, (s, x) -> s + x, s -> s), reduce(array[5, 20, null, 50], 0, (s, x) -> s + coalesce(x, 0), s -> s), reduce(array[5, 20, null, 50], 0, (s, x) -> if(x is null, s, s + x), s -> s), reduce(array[2147483647, 1], bigint '0', (s, x) -> s + x, s -> s), reduce(array[1, 2], 0, (s, x) -> s + x, s -> 'sum ' || cast(s as varchar))
--: integer, integer, integer, integer, integer, bigint, varchar
--> 0 | 75 | NULL | 75 | 75 | 2147483648 | sum 3

-- reduce: an average
select reduce(array[5, 6, 10, 20], cast(row(0.0, 0) as row(sum double, count integer)), (s, x) -> cast(row(x + s.sum, s.count + 1) as row(sum double, count integer)), s -> if(s.count = 0, null, s.sum / s.count))
--: double
--> 10.25

-- any_match, all_match, none_match
select any_match(array[1, 2], x -> x > 1), any_match(array[1, null], x -> x > 1), any_match(array[], x -> true), all_match(array[1, 2], x -> x > 0), all_match(array[1, null], x -> x > 0), all_match(array[0, null], x -> x > 0), none_match(array[1, 2], x -> x > 5), none_match(array[1, null], x -> x > 5), none_match(array[9], x -> x > 5)
--> true | NULL | false | true | NULL | false | true | NULL | false

-- zip, zip_with
select zip(array[1, 2], array['1b', null, '3b']), zip_with(array[1, 2], array[3, 4], (x, y) -> x + y), zip_with(array['a', 'b', 'c'], array['d', 'e', 'f'], (x, y) -> concat(x, y)), zip_with(array['a'], array['d', null, 'f'], (x, y) -> coalesce(x, y)), zip_with(array[1, 3], array['a', 'b'], (x, y) -> (y, x))
--> [{field0=1, field1=1b}, {field0=2, field1=null}, {field0=null, field1=3b}] | [4, 6] | [ad, be, cf] | [a, null, f] | [{field0=a, field1=1}, {field0=b, field1=3}]

-- A lambda returns what is wanted
select filter(array[1], x -> x + 1)
--! FUNCTION_NOT_FOUND

-- Arrays are compared nowhere: a null within makes the answer null
select array[1] = array[1]
--! NOT_SUPPORTED

-- ArrayContains: NaN equals nothing there, and itself in DuckDB
select contains(array[1e0, nan()], nan())
--! NOT_SUPPORTED

-- ArrayPosition: the same
select array_position(array[1e0, nan()], nan())
--! NOT_SUPPORTED

-- ArrayRemove: the same
select array_remove(array[1e0, nan()], nan())
--! NOT_SUPPORTED

-- Array functions: what is looked for is a number
select contains(array[1e0, nan()], 1e0), array_position(array[nan(), 2e0], 2e0), array_remove(array[1e0, null, 2e0], 2e0), contains(array[1, 2], 2)
--> true | 2 | [1.0, null] | true
