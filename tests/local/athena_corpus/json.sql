-- Trino docs, JSON functions and operators; TestJsonFunctions, TestJsonExtract, TestJsonOperators.

-- json_parse, json_format
select json_format(json '{"a": 1, "b": 2}'), json_format(json '[1, 2, 3]'), json_format(json '"abc"'), json_format(json '42'), json_format(json 'true'), json_format(json 'null'), json_format(json_parse('"a"'))
--> {"a":1,"b":2} | [1,2,3] | ""abc"" | 42 | true | null | ""a""

-- json_parse sorts keys, and keeps their case
select json_parse('{"b": 1, "A": {"d": null, "c": [1.50, "x"]}}')
--: json
--> {"A":{"c":[1.5,"x"],"d":null},"b":1}

-- json_parse: no JSON
select json_parse('not_json')
--! INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: 'not_json'

-- cast(varchar as json) is a JSON string
select cast('not_json' as json), cast('[1, 2, 3]' as json), cast('"abc"' as json), cast('42' as json), cast('null' as json)
--> ""not_json"" | ""[1, 2, 3]"" | ""\"abc\""" | ""42"" | ""null""

-- Cast to JSON
select cast(null as json), cast(1 as json), cast(9223372036854775807 as json), cast('abc' as json), cast(true as json), cast(decimal '1.234' as json), cast(array[1, 23, 456] as json), cast(array[1, null, 456] as json), cast(array[array[1, 23], array[456]] as json)
--> NULL | 1 | 9223372036854775807 | ""abc"" | true | 1.234 | [1,23,456] | [1,null,456] | [[1,23],[456]]

-- Cast to JSON: maps and rows
select cast(map(array['k1', 'k2', 'k3'], array[1, 23, 456]) as json), cast(cast(row(123, 'abc', true) as row(v1 bigint, v2 varchar, v3 boolean)) as json), cast(map(array['b', 'a'], array[1, null]) as json), json_format(cast(array['a"b', null] as json)), cast(array[date '2020-01-02'] as json)
--> {"k1":1,"k2":23,"k3":456} | {"v1":123,"v2":"abc","v3":true} | {"a":null,"b":1} | ["a\"b",null] | ["2020-01-02"]

-- Cast from JSON
select cast(json 'null' as varchar), cast(json '1' as integer), cast(json '9223372036854775807' as bigint), cast(json '"abc"' as varchar), cast(json 'true' as boolean), cast(json '1.234' as double), cast(json '42' as varchar), cast(json 'true' as varchar)
--: varchar, integer, bigint, varchar, boolean, double, varchar, varchar
--> NULL | 1 | 9223372036854775807 | abc | true | 1.234 | 42 | true

-- Cast from JSON: arrays, maps and rows
select cast(json '[1,23,456]' as array(integer)), cast(json '[1,null,456]' as array(integer)), cast(json '[[1,23],[456]]' as array(array(integer))), cast(json '{"k1":1,"k2":23,"k3":456}' as map(varchar, integer)), cast(json '{"v1":123,"v2":"abc","v3":true}' as row(v1 bigint, v2 varchar, v3 boolean)), cast(json '[123,"abc",true]' as row(v1 bigint, v2 varchar, v3 boolean))
--> [1, 23, 456] | [1, null, 456] | [[1, 23], [456]] | {k1=1, k2=23, k3=456} | {v1=123, v2=abc, v3=true} | {v1=123, v2=abc, v3=true}

-- Cast from JSON: mixed
select cast(json '[[1, 23], 456]' as array(json)), cast(json '{"k1": [1, 23], "k2": 456}' as map(varchar, json)), cast(json '[1, "2", 2.5, true]' as array(bigint))
--> [[1,23], 456] | {k1=[1,23], k2=456} | [1, 2, 3, 1]

-- Cast from JSON: an object is no text
select cast(json '{"a": 1, "b": 2}' as varchar)
--! INVALID_CAST_ARGUMENT: Cannot cast '{"a":1,"b":2}' to varchar

-- Cast from JSON: a text is no number
select cast(json '"abc"' as integer)
--! INVALID_CAST_ARGUMENT

-- Cast from JSON: an array is none of integers
select cast(json '{"a": 1}' as array(integer))
--! INVALID_CAST_ARGUMENT

-- json_extract_scalar
select json_extract_scalar('[1, 2, 3]', '$[2]'), json_extract_scalar('{"store": {"book": [{"author": "A"}]}}', '$.store.book[0].author'), json_extract_scalar('{"a b": 1}', '$["a b"]'), json_extract_scalar('{"a": true}', '$.a'), json_extract_scalar('{"a": null}', '$.a'), json_extract_scalar('{"a": "x\"y"}', '$.a')
--> 3 | A | 1 | true | NULL | x"y

-- TestJsonExtract.testScalarValueJsonExtractor: numbers as they are written
select json_extract_scalar('{"a": 1.50}', '$.a'), json_extract_scalar('{"price": 12.10, "x": 1}', '$.price'), json_extract_scalar('{"a": 123456789012345678901234567890}', '$.a'), json_extract_scalar('{"a": 1e5}', '$.a')
--> 1.50 | 12.10 | 123456789012345678901234567890 | 1e5

-- json_extract_scalar: objects and arrays are null, and so is what is not there
select json_extract_scalar('{"a": {"b": 1}}', '$.a'), json_extract_scalar('{"a": [1]}', '$.a'), json_extract_scalar('{"a": 1}', '$.b'), json_extract_scalar('{"a": 1}', '$.A'), json_extract_scalar('[1]', '$[5]'), json_extract_scalar('not json', '$.a'), json_extract_scalar(null, '$.a')
--> NULL | NULL | NULL | NULL | NULL | NULL | NULL

-- json_extract: what is there, in its order
select json_extract('{"a": {"c": 1, "b": [1, 2]}}', '$.a'), json_extract('{"a": "x"}', '$.a'), json_extract(json '{"b": 2, "a": [3]}', '$.a'), json_extract('{"a": 1}', '$.b'), json_extract('{"a": [10, 20]}', '$.a[1]'), json_extract('{"store": {"book": 1}}', '$.store[book]')
--: json, json, json, json, json, json
--> {"c":1,"b":[1,2]} | ""x"" | [3] | NULL | 20 | 1

-- Paths that reach for more than one value are refused
select json_extract('[1, 2]', '$[*]')
--! NOT_SUPPORTED

-- json_array_length, json_size
select json_array_length('[1, 2, 3]'), json_array_length('{"a": 1}'), json_array_length('[]'), json_size('{"x": {"a": 1, "b": 2}}', '$.x'), json_size('{"x": [1, 2, 3]}', '$.x'), json_size('{"x": {"a": 1, "b": 2}}', '$.x.a'), json_size('{"x": 1}', '$.y'), json_array_length(json '[1]')
--: bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint
--> 3 | NULL | 0 | 2 | 3 | 0 | NULL | 1

-- json_array_contains
select json_array_contains('[1, 2, 3]', 2), json_array_contains('[1, 2, 3]', 5), json_array_contains('["a", "b"]', 'a'), json_array_contains('[true]', true), json_array_contains('["2"]', 2), json_array_contains('{"a": 1}', 1)
--> true | false | true | true | false | NULL

-- is_json_scalar
select is_json_scalar('1'), is_json_scalar('[1, 2, 3]'), is_json_scalar(json '"a"'), is_json_scalar(json '{}'), is_json_scalar(json 'null')
--> true | false | true | false | true

-- Out of a column, and unnested
select id, x from (values (1, '{"tags": ["a", "b"]}')) t(id, doc) cross join unnest(cast(json_extract(doc, '$.tags') as array(varchar))) as u(x) order by x
--> 1 | a
--> 1 | b

-- What Trino itself calls broken is refused
select json_array_get('[1]', 0)
--! NOT_SUPPORTED

-- … and SQL's own JSON functions
select json_value('{"a": 1}', 'lax $.a')
--! NOT_SUPPORTED
