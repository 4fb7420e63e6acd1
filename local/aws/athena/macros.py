"""What DuckDB's words in `functions` and `rewrite` are made of: macros that come to Trino's results and errors.

An error is a text that is parsed as a year, so that TRY catches it, which it would not with DuckDB's own `error`.
"""

import re
from functools import cache

WHITE = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B),
                          0x2028, 0x2029, 0x205F, 0x3000)))  # fmt: skip # what Java calls white space
JSON_DEPTH = 4  # of objects and arrays within each other

TEXT = r"""
fails(bad, m) = case when bad then strptime(m, '%Y') is null else false end
checked(x, form, kind) = case when x is null or regexp_full_match(x, form) then x when fails(not (x is null or regexp_full_match(x, form)), 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to ' || kind) then null end
decimal_text(x) = regexp_replace(cast(x as varchar), '^(-?)\.', '\10.')
unscaled(x) = cast(replace(cast(x as varchar), '.', '') as hugeint)
exact_quotient(a, b, factor) = case when a is null or b is null then null when fails(b = 0, 'DIVISION_BY_ZERO: Division by zero') then null else cast(case when (unscaled(a) < 0) <> (unscaled(b) < 0) then -1 else 1 end * ((abs(unscaled(a) * cast(factor as hugeint)) * 2 + abs(unscaled(b))) // (abs(unscaled(b)) * 2)) as hugeint) end
exact_remainder(a, b, fa, fb) = case when a is null or b is null then null when fails(b = 0, 'DIVISION_BY_ZERO: Division by zero') then null else (unscaled(a) * cast(fa as hugeint)) % (unscaled(b) * cast(fb as hugeint)) end
padded(t, n) = lpad(t, cast(greatest(length(t), n) as integer), '0')
placed(d, s) = case when d < 0 then '-' else '' end || left(padded(cast(abs(d) as varchar), s + 1), -s) || '.' || right(padded(cast(abs(d) as varchar), s + 1), s)
exponent(s) = coalesce(cast(nullif(regexp_extract(s, 'e([+-]\d+)$', 1), '') as integer), 0)
digits(s) = replace(regexp_extract(s, '^[\d.]+'), '.', '')
point(s) = length(regexp_extract(s, '^\d+')) + exponent(s) - (length(digits(s)) - length(ltrim(digits(s), '0'))) - 1
scientific(s) = case when ltrim(digits(s), '0') = '' then '0E0' else rtrim(ltrim(digits(s), '0'), '0')[1] || '.' || coalesce(nullif(rtrim(ltrim(digits(s), '0'), '0')[2:], ''), '0') || 'E' || point(s) end
float_text(x) = case when isnan(x) then 'NaN' when isinf(x) then case when x > 0 then 'Infinity' else '-Infinity' end else case when left(cast(x as varchar), 1) = '-' then '-' else '' end || scientific(ltrim(cast(x as varchar), '-')) end

subject(x, form) = case when fails(strlen(x) > length(x) and regexp_matches(form, '\\[bBdDsSwW]|\(\?[a-z]*i|\[:'), 'NOT_SUPPORTED: The local Athena does not support letters other than ASCII under the regular expression ' || form || ': ' || x) then null else x end
white() = '{WHITE}'
upper_case(x) = case when contains(x, 'ß') then array_to_string(list_transform(string_split(x, 'ß'), lambda p: upper(p)), 'ß') else upper(x) end
place(x, n) = case when n = 0 or abs(n) > length(x) then length(x) + 1 else n end
replaced(x, a, b) = case when fails(a = '', 'NOT_SUPPORTED: The local Athena does not support replace of an empty text' || a) then null else replace(x, a, b) end
delimiter(d) = case when fails(d = '', 'INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string' || d) then null else d end
above_zero(n, name) = case when fails(n <= 0, 'INVALID_FUNCTION_ARGUMENT: ' || name || ' must be greater than zero') then null else n end
split_off(l, d, n) = case when len(l) <= above_zero(n, 'Limit') then l else list_append(l[1:n - 1], array_to_string(l[n:], d)) end
pad_size(n, pad) = case when fails(n < 0, 'INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]') then null when fails(pad = '', 'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty' || pad) then null else cast(n as integer) end
one_letter(x) = case when fails(length(x) <> 1, 'INVALID_FUNCTION_ARGUMENT: Input string must be a single character string: ' || x) then null else x end
ascii_only(x) = case when fails(strlen(x) > length(x), 'NOT_SUPPORTED: The local Athena does not support levenshtein_distance of ' || x) then null else x end
bucket(x, a, b, n) = case when x is null or a is null or b is null or n is null then null when fails(n <= 0, 'INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0') then null when fails(isnan(x) or not isfinite(a) or not isfinite(b) or a = b, 'INVALID_FUNCTION_ARGUMENT: bounds must be finite and differ, operand must not be NaN') then null when (a < b and x < a) or (a > b and x > a) then 0 when (a < b and x >= b) or (a > b and x <= b) then n + 1 else cast(floor(n * (x - a) / (b - a)) as bigint) + 1 end

milliseconds(t) = date_trunc('millisecond', t + to_microseconds(500))
zone_minutes(z) = cast(left(z, 1) || '1' as integer) * (cast(substring(z, 2, 2) as integer) * 60 + cast(substring(z, 5, 2) as integer))
fixed(z) = regexp_full_match(z, '[+-]\d\d:\d\d')
local_time(t, z) = case when fixed(z) then t + to_minutes(zone_minutes(case when fixed(z) then z else '+00:00' end)) else timezone(case when fixed(z) then 'UTC' else z end, timezone('UTC', t)) end
wall(t) = local_time(struct_extract(t, '$at'), struct_extract(t, '$zone'))
at_zone(t, z) = case when t is null then null else struct_pack("$at" := t, "$zone" := z) end
zoned(t, z) = at_zone(case when fixed(z) then t - to_minutes(zone_minutes(case when fixed(z) then z else '+00:00' end)) else timezone('UTC', timezone(case when fixed(z) then 'UTC' else z end, t)) end, z)
zone_gap(t) = date_sub('minute', struct_extract(t, '$at'), wall(t))
zone_offset(t) = case when zone_gap(t) = 0 then 'Z' else case when zone_gap(t) < 0 then '-' else '+' end || lpad(cast(abs(zone_gap(t)) // 60 as varchar), 2, '0') || ':' || lpad(cast(abs(zone_gap(t)) % 60 as varchar), 2, '0') end
unix(x) = make_timestamp(cast(round(x * 1000) as bigint) * 1000)
iso_date(x) = cast(case when x is null or regexp_full_match(x, '\d{4}-\d\d-\d\d') then x when fails(not (x is null or regexp_full_match(x, '\d{4}-\d\d-\d\d')), 'NOT_SUPPORTED: The local Athena does not support from_iso8601_date of ' || x) then null end as date)
iso_form(x) = case when x is null or regexp_full_match(x, '\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?') then x when fails(not (x is null or regexp_full_match(x, '\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?')), 'NOT_SUPPORTED: The local Athena does not support from_iso8601_timestamp of ' || x) then null end
iso_timestamp(x) = zoned(cast(replace(regexp_extract(case when length(iso_form(x)) = 10 then x || 'T00:00' else regexp_replace(x, '(T\d\d:\d\d)([Z+-]|$)', '\1:00\2') end, '^[^Z+]{10}T[\d:.]+'), 'T', ' ') as timestamp), coalesce(nullif(replace(regexp_extract(x, 'T[\d:.]+(.*)$', 1), 'Z', 'UTC'), ''), 'UTC'))
shift_millisecond(n) = to_milliseconds(n)
shift_second(n) = to_seconds(n)
shift_minute(n) = to_minutes(n)
shift_hour(n) = to_hours(n)
shift_day(n) = to_days(cast(n as integer))
shift_week(n) = to_days(cast(7 * n as integer))
shift_month(n) = to_months(cast(n as integer))
shift_quarter(n) = to_months(cast(3 * n as integer))
shift_year(n) = to_months(cast(12 * n as integer))

not_nan(x) = fails(isnan(x), 'NOT_SUPPORTED: The local Athena does not support comparing NaN')
number(x) = case when not isnan(x) then x end
finite(x) = case when isfinite(x) then x end
present(l) = list_filter(l, lambda q: q is not null)
holds(l, x) = case when x is null or l is null then null when list_contains(l, x) then true when len(l) > list_count(l) then null else false end
not_zero(n) = case when fails(n = 0, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') then null else n end
item_of(l, n) = case when fails(not_zero(n) < 0, 'INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || n) then null when fails(n > len(l), 'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || n || ' > ' || len(l)) then null else l[n] end
value_of(m, k) = case when m is null or k is null then null when map_contains(m, k) then m[k] when fails(not (map_contains(m, k)), 'INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || k) then null end
firsts(l) = list_filter(l, lambda f, i: list_position(l, f) = i)
first_keys(l) = list_filter(l, lambda f, i: f.k is not null and list_position(list_transform(l, lambda g: g.k), f.k) = i)
sliced(l, s, n) = case when fails(n < 0, 'INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0') then null when s is null or n is null then null when s > 0 then l[s:s + n - 1] when len(l) + s < 0 then l[1:0] else l[len(l) + 1 + s:len(l) + s + n] end
steps(a, b, s) = case when fails(s = 0, 'INVALID_FUNCTION_ARGUMENT: step must not be zero') then null when fails((b - a) * sign(s) < 0, 'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start') then null when fails((b - a) // s >= 10000, 'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries') then null else generate_series(a, b, s) end
any_true(l) = case when l is null then null when list_contains(l, true) then true when len(l) > list_count(l) then null else false end
all_true(l) = case when l is null then null when list_contains(l, false) then false when len(l) > list_count(l) then null else true end

valid_json(x) = case when json_valid(x) then x end
plain_number(j) = case when json_type(j) <> 'DOUBLE' then cast(j as varchar) when regexp_full_match(cast(j as varchar), '-?\d{1,7}\.\d{1,8}') then cast(cast(cast(j as varchar) as double) as varchar) when fails(not (regexp_full_match(cast(j as varchar), '-?\d{1,7}\.\d{1,8}')), 'NOT_SUPPORTED: The local Athena does not support the JSON number ' || cast(j as varchar)) then null end
json_items(j) = case json_type(j) when 'OBJECT' then list_transform(list_sort(map_entries(cast(j as map(varchar, json)))), lambda m: struct_pack(p := cast(to_json(m.key) as varchar) || ':', v := m.value)) when 'ARRAY' then list_transform(cast(j as json[]), lambda m: struct_pack(p := '', v := m)) end
json_ends(j) = case json_type(j) when 'OBJECT' then '{}' else '[]' end
sorted_json_0(j) = case when fails(json_type(j) in ('OBJECT', 'ARRAY'), 'NOT_SUPPORTED: The local Athena does not support JSON within JSON as deep as in ' || cast(j as varchar)) then null else plain_number(j) end
parsed_json(x) = cast(case when x is null then null when json_valid(x) then sorted_json_{JSON_DEPTH}(cast(valid_json(x) as json)) when fails(not (json_valid(x)), 'INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: ''' || x || '''') then null end as json)
whole_json(j) = case when fails(regexp_matches(cast(j as varchar), '\de[+-]?\d'), 'NOT_SUPPORTED: The local Athena does not support the JSON number in ' || cast(j as varchar)) then null else j end
size_json(j) = case json_type(j) when 'OBJECT' then len(json_keys(j)) when 'ARRAY' then json_array_length(j) else case when j is not null then 0 end end
written(d, key) = regexp_extract_all(cast(d as varchar), '"' || key || '"\s*:\s*(-?\d[\d.eE+-]*)', 1)
number_written(d, key, j) = case when key <> '' and len(written(d, key)) = 1 then written(d, key)[1] when not regexp_matches(cast(d as varchar), '\d\.\d*0([^\d]|$)|\d[eE]|\d{16}') then cast(j as varchar) when fails(not (not regexp_matches(cast(d as varchar), '\d\.\d*0([^\d]|$)|\d[eE]|\d{16}')), 'NOT_SUPPORTED: The local Athena does not support telling how the JSON number ' || cast(j as varchar) || ' is written') then null end
scalar_of(d, j, key) = case json_type(j) when 'OBJECT' then null when 'ARRAY' then null when 'NULL' then null when 'VARCHAR' then json_extract_string(j, '$') when 'DOUBLE' then number_written(d, key, j) else cast(j as varchar) end
scalar_text(d, path) = scalar_of(d, json_extract(d, path), regexp_extract(path, '\."([\w ]+)"$', 1))
no_cast(j, kind) = ('INVALID_CAST_ARGUMENT: Cannot cast ''' || cast(j as varchar) || ''' to ' || kind)
"""


def _macros() -> dict[str, str]:
    lines = [line.partition(" = ") for line in TEXT.replace("{JSON_DEPTH}", str(JSON_DEPTH)).splitlines() if line]
    found = {
        head.partition("(")[0]: f"create macro {head} as {body.replace('{WHITE}', WHITE)}" for head, _, body in lines
    }
    for depth in range(1, JSON_DEPTH + 1):
        found[f"sorted_json_{depth}"] = (
            f"create macro sorted_json_{depth}(j) as case when json_type(j) not in ('OBJECT', 'ARRAY') then plain_number(j) else"
            f" json_ends(j)[1] || array_to_string(list_transform(json_items(j), lambda m{depth}:"
            f" m{depth}.p || coalesce(sorted_json_{depth - 1}(m{depth}.v), 'null')), ',') || json_ends(j)[2] end"
        )
    return found


MACROS = _macros()
_WORD = re.compile(r"\w+")


@cache
def _needed(name: str) -> tuple[str, ...]:
    inner = [word for word in _WORD.findall(MACROS[name]) if word in MACROS and word != name]
    return tuple(dict.fromkeys([*(needed for word in inner for needed in _needed(word)), name]))


def needed(sql: str) -> str:
    """Return the statements that make the macros that a query needs."""
    words = dict.fromkeys(word for word in _WORD.findall(sql) if word in MACROS)
    return "; ".join(MACROS[name] for name in dict.fromkeys(macro for word in words for macro in _needed(word)))
