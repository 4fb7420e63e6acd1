-- Trino docs, regular expression functions; AbstractTestRegexpFunctions.

-- regexp_like
select regexp_like('1a 2b 14m', '\d+b'), regexp_like('Stephen', 'Ste(v|ph)en'), regexp_like('Stevens', 'Ste(v|ph)en$'), regexp_like('hello', '^[a-z]+$'), regexp_like(null, 'a')
--> true | true | false | true | NULL

-- regexp_like: flags
select regexp_like('aaa', '(?i)A+'), regexp_like('a' || chr(10) || 'b', 'a.b')
--> true | false

-- regexp_extract
select regexp_extract('1a 2b 14m', '\d+'), regexp_extract('1a 2b 14m', '(\d+)([a-z]+)', 2), regexp_extract('Hello world bye', '\b[a-z]([a-z]*)', 1), regexp_extract('12345', 'x'), regexp_extract('12345', '')
--> 1 | a | orld | NULL | ''

-- regexp_extract_all
select regexp_extract_all('1a 2b 14m', '\d+'), regexp_extract_all('1a 2b 14m', '(\d+)([a-z]+)', 2), regexp_extract_all('abc', 'x')
--: array(varchar), array(varchar), array(varchar)
--> [1, 2, 14] | [a, b, m] | []

-- regexp_count
select regexp_count('1a 2b 14m', '\s*[a-z]+\s*'), regexp_count('aaa', 'a')
--: bigint, bigint
--> 3 | 3

-- regexp_replace
select regexp_replace('1a 2b 14m', '\d+[ab] '), regexp_replace('1a 2b 14m', '(\d+)([ab]) ', '3c$2 '), regexp_replace('abc', 'b', '\$'), regexp_replace('abc', 'b', '\\'), regexp_replace('aaa', 'a', 'bb')
--> 14m | 3ca 3cb 14m | a$c | a\c | bbbbbb

-- regexp_split
select regexp_split('1a 2b 14m', '\s*[a-z]+\s*'), regexp_split('a1b2c', '\d')
--> [1, 2, 14, ] | [a, b, c]

-- A group that may take no part is null in Trino and '' in DuckDB
select regexp_extract('a', '(a)|(b)', 2)
--! NOT_SUPPORTED

-- What matches the empty text goes on differently
select regexp_replace('abc', 'x*', '-')
--! NOT_SUPPORTED

-- Lookaround is Joni's alone
select regexp_like('ab', 'a(?=b)')
--! NOT_SUPPORTED

-- A pattern has to be literal to be checked
select regexp_like('a', x) from (values 'a') t(x)
--! NOT_SUPPORTED

-- A pattern that is none
select regexp_like('a', '(')
--! INVALID_FUNCTION_ARGUMENT
