-- Trino docs, string functions and operators; TestStringFunctions.

-- TestStringFunctions.testConcat
select concat('hello', ' world'), concat('', ''), concat('a', 'b', 'c'), concat('a', null), 'this' || ' is' || ' cool', 'x' || null
--> hello world | '' | abc | NULL | this is cool | NULL

-- TestConcatWsFunction
select concat_ws('abc', 'def'), concat_ws(',', 'def', 'pqr', 'mno'), concat_ws(',', 'def', null, 'mno'), concat_ws(',', array['a', null, 'b']), concat_ws(null, 'a', 'b')
--> def | def,pqr,mno | def,mno | a,b | NULL

-- TestStringFunctions.testLength: code points
select length(''), length('hello'), length('Quadratically'), length('信念,爱,希望'), length('🙂é')
--: bigint, bigint, bigint, bigint, bigint
--> 0 | 5 | 13 | 7 | 2

-- TestStringFunctions.testReplace
select replace('aaa', 'a', 'aa'), replace('abcdefabcdef', 'cd', 'XX'), replace('abcdefabcdef', 'cd'), replace('xxxyyy', 'x', ''), replace('', 'a', 'x'), replace('a', null, 'b')
--> aaaaaa | abXXefabXXef | abefabef | yyy | '' | NULL

-- TestStringFunctions.testReverse
select reverse(''), reverse('hello'), reverse('Quadratically'), reverse('racecar'), reverse('信念,爱,希望')
--> '' | olleh | yllacitardauQ | racecar | 望希,爱,念信

-- TestStringFunctions.testStringPosition
select strpos('high', 'ig'), strpos('high', 'igx'), strpos('Quadratically', 'a'), strpos('foobar', ''), strpos('', ''), strpos(null, 'a'), position('b' in 'abc')
--: bigint, bigint, bigint, bigint, bigint, bigint, bigint
--> 2 | 0 | 3 | 1 | 1 | NULL | 2

-- TestStringFunctions.testSubstring
select substr('Quadratically', 5), substr('Quadratically', 50), substr('Quadratically', -5), substr('Quadratically', -50), substr('Quadratically', 0)
--> ratically | '' | cally | '' | ''

-- TestStringFunctions.testSubstring: with a length
select substr('Quadratically', 5, 6), substr('Quadratically', 5, 50), substr('Quadratically', 50, 10), substr('Quadratically', -5, 4), substr('Quadratically', -5, 40), substr('Quadratically', -50, 4), substr('Quadratically', 0, 4), substr('Quadratically', 5, 0)
--> ratica | ratically | '' | call | cally | '' | '' | ''

-- substring, as SQL spells it
select substring('Quadratically' from 5), substring('Quadratically' from 5 for 6), substring('信念,爱,希望' from 1 for 1), substring(null from 1), substring('a', null)
--> ratically | ratica | 信 | NULL | NULL

-- TestStringFunctions.testSplit
select split('a.b.c', '.'), split('ab', '.'), split('ab', 'ab'), split('..a...a..', '.'), split('', '.')
--: array(varchar), array(varchar), array(varchar), array(varchar), array(varchar)
--> [a, b, c] | [ab] | [, ] | [, , a, , , a, , ] | []

-- TestStringFunctions.testSplit: with a limit
select split('a.b.c', '.', 2), split('a.b.c', '.', 1), split('a.b.c', '.', 3), split('a.b.c', '.', 4), split('a..b..c', '..', 2)
--> [a, b.c] | [a.b.c] | [a, b, c] | [a, b, c] | [a, b..c]

-- TestStringFunctions.testSplit: no delimiter
select split('a.b.c', '', 2)
--! INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string

-- TestStringFunctions.testSplit: no limit
select split('a.b.c', '.', 0)
--! INVALID_FUNCTION_ARGUMENT

-- TestStringFunctions.testSplitPart
select split_part('abc-@-def-@-ghi', '-@-', 1), split_part('abc-@-def-@-ghi', '-@-', 3), split_part('abc-@-def-@-ghi', '-@-', 4), split_part('abc-@-def-@-ghi', '-@-', 99), split_part('abc', 'abc', 1), split_part('', 'abc', 1)
--> abc | ghi | NULL | NULL | '' | ''

-- TestStringFunctions.testSplitPartInvalid
select split_part('abc-@-def-@-ghi', '-@-', 0)
--! INVALID_FUNCTION_ARGUMENT: Index must be greater than zero

-- TestStringFunctions.testTrim: white space of every kind
select trim('   '), trim('  hello  '), trim('hello'), trim(U&'x') from (values 1) t(x)
--! NOT_SUPPORTED

-- TestStringFunctions.testTrim
select trim('  hello  '), ltrim('  hello  '), rtrim('  hello  '), trim(chr(9) || 'a' || chr(10) || chr(8195)), trim(''), length(trim(chr(160)))
--> hello | "hello  " | "  hello" | a | '' | 1

-- trim, as SQL spells it
select trim('!' from '!foo!'), trim(leading from '  abcd'), trim(both '$' from '$var$'), trim(trailing 'ER' from upper('worker'))
--> foo | abcd | var | WORK

-- TestStringFunctions.testLower, testUpper
select lower('HELLO'), upper('hello'), lower('WHAT!!'), upper('straße'), lower('ÉΣ'), upper('éσ')
--> hello | HELLO | what!! | STRAßE | éσ | ÉΣ

-- TestStringFunctions.testLeftPad, testRightPad
select lpad('text', 5, 'x'), lpad('text', 4, 'x'), lpad('text', 6, 'xy'), lpad('text', 7, 'xy'), lpad('text', 2, 'x'), lpad('text', 0, 'xy'), rpad('text', 9, 'xyz'), rpad('text', 3, 'xy'), lpad('信', 3, '念')
--> xtext | text | xytext | xyxtext | te | '' | textxyzxy | tex | 念念信

-- TestStringFunctions.testLeftPad: no padding
select lpad('abc', 3, '')
--! INVALID_FUNCTION_ARGUMENT: Padding string must not be empty

-- TestStringFunctions.testRightPad: a negative size
select rpad('abc', -1, 'x')
--! INVALID_FUNCTION_ARGUMENT

-- TestStringFunctions.testChr, testCodepoint
select chr(65), chr(9731), chr(131210), codepoint('x'), codepoint('☃')
--: varchar, varchar, varchar, integer, integer
--> A | ☃ | 𠂊 | 120 | 9731

-- codepoint takes one letter
select codepoint('hello')
--! INVALID_FUNCTION_ARGUMENT

-- TestStringFunctions.testStartsWith
select starts_with('abcd', 'ab'), starts_with('abcd', ''), starts_with('ab', 'abcd'), starts_with(null, 'a')
--> true | true | false | NULL

-- translate
select translate('abcd', '', ''), translate('abcd', 'a', 'z'), translate('abcda', 'a', 'z'), translate('Palhoça', 'ç', 'c'), translate('abcd', 'a', ''), translate('abcd', 'a', 'zy'), translate('abcd', 'ac', 'z'), translate('abcd', 'aac', 'zq')
--> abcd | zbcd | zbcdz | Palhoca | bcd | zbcd | zbd | zbd

-- TestStringFunctions.testLevenshteinDistance
select levenshtein_distance('', ''), levenshtein_distance('', 'hello'), levenshtein_distance('hello', 'hello'), levenshtein_distance('hello', 'hello world'), levenshtein_distance('hello', 'hel wold'), levenshtein_distance('hell', 'hello')
--: bigint, bigint, bigint, bigint, bigint, bigint
--> 0 | 5 | 0 | 6 | 4 | 1

-- Letters of more than one byte are refused there, not miscounted
select levenshtein_distance('é', 'e')
--! NOT_SUPPORTED

-- Binary functions
select to_utf8('é'), from_utf8(to_utf8('é')), to_hex(x'00ff'), from_hex('00FF'), to_base64(to_utf8('abc')), from_base64('YWJj'), length(x'0001')
--: varbinary, varchar, varchar, varbinary, varchar, varbinary, bigint
--> c3 a9 | é | 00FF | 00 ff | YWJj | 61 62 63 | 2

-- TestVarbinaryFunctions.testMd5, testSha1, testSha256
select to_hex(md5(to_utf8('hashme'))), to_hex(sha1(to_utf8('hashme'))), to_hex(sha256(to_utf8('hashme')))
--> 533F6357E0210E67D91F651BC49E1278 | FB78992E561929A6967D5328F49413FA99048D06 | 02208B9403A87DF9F4ED6B2EE2657EFAA589026B4CCE9ACCC8E8A5BF3D693C86

-- Names of functions have no case
select UPPER('a'), Length('ab')
--> A | 2

-- A function takes what it takes
select upper(1)
--! FUNCTION_NOT_FOUND

-- … and as many
select strpos('a')
--! FUNCTION_NOT_FOUND
