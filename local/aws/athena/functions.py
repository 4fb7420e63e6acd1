"""The functions that the local Athena has, as a table: what they take and give in Trino, and DuckDB's words for it.

A line is ``name|synonym(arguments) -> result = DuckDB's words``. Of overloads, the first that takes the arguments as
they are, else the first that takes them coerced, is meant.

Arguments are types, of which a capital letter is any type (those in `LIMITED`: any of some), ``...`` more of the last,
`LITERALS` a text that has to stand in the query, for it is translated, and of `ADAPTED` more than one type.
The result may be ``D.rule``, a rule of `DERIVED`.

In DuckDB's words, ``{0}`` is the first argument, ``{*}`` all of them, ``{?}`` whether one of them is null, ``{nan}`` fails where one is NaN, ``{=}`` the
result's type in DuckDB, ``{=(}`` and ``{=)}`` what makes a decimal of its digits, ``@e`` a name that is not used elsewhere, and ``{1:a;b}`` what a lambda makes of ``a`` and ``b``.
An aggregate has ``{!}`` where DISTINCT stands, ``{^}`` ORDER BY, and ``{~}`` FILTER and OVER; a window function only
``{^}`` for IGNORE NULLS and ``{~}``.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from local.aws.athena import literals
from local.aws.athena.types import INTEGERS, NUMBERS, Type, decimal, parse

TABLE = r"""
greatest(T, ...) -> T = case when {nan} or {?} then null else greatest({*}) end
least(T, ...) -> T = case when {nan} or {?} then null else least({*}) end
try(T) -> T = try({0})

abs(N) -> N = abs({0})
ceil|ceiling(I) -> I = {0}
ceil|ceiling(D) -> D.whole = cast(ceil({0}) as {=})
ceil|ceiling(F) -> F = ceil({0})
floor(I) -> I = {0}
floor(D) -> D.whole = cast(floor({0}) as {=})
floor(F) -> F = floor({0})
round(I) -> I = {0}
round(D) -> D.whole = cast(round({0}) as {=})
round(F) -> F = round({0})
round(I, integer) -> I = cast(round({0}, {1}) as {=})
round(D, integer) -> D.longer = cast(round({0}, {1}) as {=})
round(F, integer) -> F = cast(round({0}, {1}) as {=})
truncate(D) -> D.cut = cast(trunc({0}) as {=})
truncate(F) -> F = trunc({0})
sign(I) -> I = cast(sign({0}) as {=})
sign(D) -> decimal(1,0) = cast(sign({0}) as {=})
sign(F) -> F = case when isnan({0}) then {0} else cast(sign({0}) as {=}) end
power|pow(double, double) -> double = power({0}, {1})
sqrt(double) -> double = sqrt({0})
exp(double) -> double = exp({0})
ln(double) -> double = ln({0})
log(double, double) -> double = (ln({1}) / ln({0}))
log2(double) -> double = log2({0})
log10(double) -> double = log10({0})
pi() -> double = pi()
e() -> double = exp(1e0)
infinity() -> double = cast('inf' as double)
nan() -> double = cast('nan' as double)
is_nan(double) -> boolean = isnan({0})
is_finite(double) -> boolean = isfinite({0})
is_infinite(double) -> boolean = isinf({0})
sin(double) -> double = sin({0})
cos(double) -> double = cos({0})
tan(double) -> double = tan({0})
asin(double) -> double = asin({0})
acos(double) -> double = acos({0})
atan(double) -> double = atan({0})
atan2(double, double) -> double = atan2({0}, {1})
degrees(double) -> double = degrees({0})
radians(double) -> double = radians({0})
width_bucket(double, double, double, bigint) -> bigint = bucket({0}, {1}, {2}, {3})
to_base(bigint, bigint) -> varchar = lower(to_base({0}, cast({1} as integer)))
bitwise_and(bigint, bigint) -> bigint = ({0} & {1})
bitwise_or(bigint, bigint) -> bigint = ({0} | {1})
bitwise_xor(bigint, bigint) -> bigint = xor({0}, {1})
bitwise_not(bigint) -> bigint = (~{0})

length(varchar) -> bigint = length({0})
length(varbinary) -> bigint = octet_length({0})
lower(varchar) -> varchar = lower({0})
upper(varchar) -> varchar = upper_case({0})
reverse(varchar) -> varchar = array_to_string(list_reverse(string_split({0}, '')), '')
reverse(array(T)) -> array(T) = list_reverse({0})
concat(varchar, varchar, ...) -> varchar = ({|})
concat(array(T), array(T), ...) -> array(T) = case when {?} then null else list_concat({*}) end
concat_ws(varchar, array(varchar)) -> varchar = array_to_string(present({1}), {0})
concat_ws(varchar, varchar, ...) -> varchar = concat_ws({*})
substr|substring(varchar, bigint) -> varchar = substring({0}, place({0}, {1}))
substr|substring(varchar, bigint, bigint) -> varchar = substring({0}, place({0}, {1}), case when {2} < 0 then 0 else {2} end)
strpos(varchar, varchar) -> bigint = strpos({0}, {1})
replace(varchar, varchar) -> varchar = replaced({0}, {1}, '')
replace(varchar, varchar, varchar) -> varchar = replaced({0}, {1}, {2})
split(varchar, varchar) -> array(varchar) = string_split({0}, delimiter({1}))
split(varchar, varchar, bigint) -> array(varchar) = split_off(string_split({0}, delimiter({1})), {1}, {2})
split_part(varchar, varchar, bigint) -> varchar = string_split({0}, delimiter({1}))[above_zero({2}, 'Index')]
trim(varchar) -> varchar = trim({0}, white())
ltrim(varchar) -> varchar = ltrim({0}, white())
rtrim(varchar) -> varchar = rtrim({0}, white())
lpad(varchar, bigint, varchar) -> varchar = lpad({0}, pad_size({1}, {2}), {2})
rpad(varchar, bigint, varchar) -> varchar = rpad({0}, pad_size({1}, {2}), {2})
starts_with(varchar, varchar) -> boolean = starts_with({0}, {1})
chr(bigint) -> varchar = chr(cast({0} as integer))
codepoint(varchar) -> integer = unicode(one_letter({0}))
translate(varchar, varchar, varchar) -> varchar = translate({0}, {1}, {2})
levenshtein_distance(varchar, varchar) -> bigint = levenshtein(ascii_only({0}), ascii_only({1}))
to_utf8(varchar) -> varbinary = encode({0})
from_utf8(varbinary) -> varchar = decode({0})
to_hex(varbinary) -> varchar = hex({0})
from_hex(varchar) -> varbinary = unhex({0})
to_base64(varbinary) -> varchar = base64({0})
from_base64(varchar) -> varbinary = from_base64({0})
md5(varbinary) -> varbinary = unhex(md5({0}))
sha1(varbinary) -> varbinary = unhex(sha1({0}))
sha256(varbinary) -> varbinary = unhex(sha256({0}))

regexp_like(varchar, regex) -> boolean = regexp_matches(subject({0}, '{1}'), '{1}')
regexp_extract(varchar, regex) -> varchar = case when regexp_matches(subject({0}, '{1}'), '{1}') then regexp_extract(subject({0}, '{1}'), '{1}', 0) end
regexp_extract(varchar, captures, group) -> varchar = case when regexp_matches(subject({0}, '{1}'), '{1}') then regexp_extract(subject({0}, '{1}'), '{1}', {2}) end
regexp_extract_all(varchar, consuming) -> array(varchar) = regexp_extract_all(subject({0}, '{1}'), '{1}', 0)
regexp_extract_all(varchar, captures, group) -> array(varchar) = regexp_extract_all(subject({0}, '{1}'), '{1}', {2})
regexp_count(varchar, consuming) -> bigint = len(regexp_extract_all(subject({0}, '{1}'), '{1}', 0))
regexp_replace(varchar, consuming) -> varchar = regexp_replace(subject({0}, '{1}'), '{1}', '', 'g')
regexp_replace(varchar, consuming, replacement) -> varchar = regexp_replace(subject({0}, '{1}'), '{1}', '{2}', 'g')
regexp_split(varchar, consuming) -> array(varchar) = string_split_regex(subject({0}, '{1}'), '{1}')

year(wall) -> bigint = year({0})
quarter(wall) -> bigint = quarter({0})
month(wall) -> bigint = month({0})
week|week_of_year(wall) -> bigint = week({0})
year_of_week|yow(wall) -> bigint = isoyear({0})
day|day_of_month(wall) -> bigint = day({0})
day_of_week|dow(wall) -> bigint = isodow({0})
day_of_year|doy(wall) -> bigint = dayofyear({0})
hour(clock) -> bigint = hour({0})
minute(clock) -> bigint = minute({0})
second(clock) -> bigint = second({0})
millisecond(clock) -> bigint = (millisecond({0}) % 1000)
last_day_of_month(wall) -> date = last_day({0})
date_trunc(dates, date) -> date = cast(date_trunc('{0}', {1}) as date)
date_trunc(unit, M) -> M = date_trunc('{0}', {1})
date_trunc(unit, Z) -> Z = zoned(date_trunc('{0}', wall({1})), {1}."$zone")
date_add(dates, bigint, date) -> date = cast({2} + shift_{0}({1}) as date)
date_add(unit, bigint, M) -> M = ({2} + shift_{0}({1}))
date_add(days, bigint, Z) -> Z = zoned(wall({2}) + shift_{0}({1}), {2}."$zone")
date_add(unit, bigint, Z) -> Z = at_zone({2}."$at" + shift_{0}({1}), {2}."$zone")
date_diff(dates, date, date) -> bigint = date_sub('{0}', {1}, {2})
date_diff(unit, M, M) -> bigint = date_sub('{0}', {1}, {2})
date_diff(days, Z, Z) -> bigint = date_sub('{0}', wall({1}), wall(at_zone({2}."$at", {1}."$zone")))
date_diff(unit, Z, Z) -> bigint = date_sub('{0}', {1}."$at", {2}."$at")
date_format(wall, mysql) -> varchar = strftime({0}, '{1}')
date_parse(varchar, mysql_text) -> timestamp(3) = date_trunc('millisecond', strptime({0}, '{1}'))
format_datetime(wall, joda) -> varchar = strftime({0}, '{1}')
parse_datetime(varchar, joda_text) -> timestamp(3) with time zone = at_zone(strptime({0}, '{1}'), 'UTC')
from_iso8601_date(varchar) -> date = iso_date({0})
from_iso8601_timestamp(varchar) -> timestamp(3) with time zone = iso_timestamp({0})
to_iso8601(date) -> varchar = strftime({0}, '%Y-%m-%d')
to_iso8601(M) -> varchar = replace({0:text}, ' ', 'T')
to_iso8601(timestamp(3) with time zone) -> varchar = (strftime(wall({0}), '%Y-%m-%dT%H:%M:%S.%g') || zone_offset({0}))
from_unixtime(double) -> timestamp(3) with time zone = at_zone(unix({0}), 'UTC')
from_unixtime(double, zone) -> timestamp(3) with time zone = at_zone(unix({0}), '{1}')
to_unixtime(M) -> double = (epoch_ms({0}) / 1000e0)
to_unixtime(Z) -> double = (epoch_ms({0}."$at") / 1000e0)
at_timezone(Z, zone) -> Z = at_zone({0}."$at", '{1}')
with_timezone(M, zone) -> M.zoned = zoned({0}, '{1}')
current_timezone() -> varchar = 'UTC'
to_milliseconds(interval day to second) -> bigint = (epoch_us({0}) // 1000)

cardinality(array(T)) -> bigint = len({0})
cardinality(map(K, V)) -> bigint = cast(cardinality({0}) as bigint)
contains(array(F), F) -> boolean = case when not_nan({1}) then null else holds({0}, {1}) end
contains(array(T), T) -> boolean = holds({0}, {1})
element_at(array(T), bigint) -> T = {0}[not_zero({1})]
element_at(map(K, V), K) -> V = {0}[{1}]
array_join(texts, varchar) -> varchar = array_to_string(present({0}), {1})
array_join(texts, varchar, varchar) -> varchar = array_to_string(list_transform({0}, lambda @e: coalesce(@e, {2})), {1})
array_distinct(array(T)) -> array(T) = firsts({0})
array_union(array(T), array(T)) -> array(T) = case when {?} then null else firsts(list_concat({0}, {1})) end
array_intersect(array(T), array(T)) -> array(T) = firsts(list_filter({0}, lambda @e: list_position({1}, @e) is not null))
array_except(array(T), array(T)) -> array(T) = case when {?} then null else firsts(list_filter({0}, lambda @e: list_position({1}, @e) is null)) end
array_sort(array(T)) -> array(T) = list_sort({0}, 'ASC', 'NULLS LAST')
array_position(array(F), F) -> bigint = case when not_nan({1}) then null when {?} then null else coalesce(list_position({0}, {1}), 0) end
array_position(array(T), T) -> bigint = case when {?} then null else coalesce(list_position({0}, {1}), 0) end
array_max(array(F)) -> F = case when len({0}) = list_count({0}) then coalesce(list_max(list_transform({0}, lambda @e: number(@e))), list_max({0})) end
array_max(array(T)) -> T = case when len({0}) = list_count({0}) then list_max({0}) end
array_min(array(T)) -> T = case when len({0}) = list_count({0}) then list_min({0}) end
array_remove(array(F), F) -> array(F) = case when not_nan({1}) then null when {?} then null else list_filter({0}, lambda @e: @e is distinct from {1}) end
array_remove(array(T), T) -> array(T) = case when {?} then null else list_filter({0}, lambda @e: @e is distinct from {1}) end
arrays_overlap(array(T), array(T)) -> boolean = case when list_has_any({0}, {1}) then true when {?} then null when len({0}) > list_count({0}) and len({1}) > 0 then null when len({1}) > list_count({1}) and len({0}) > 0 then null else false end
slice(array(T), bigint, bigint) -> array(T) = sliced({0}, not_zero({1}), {2})
sequence(bigint, bigint) -> array(bigint) = steps({0}, {1}, case when {0} <= {1} then 1 else -1 end)
sequence(bigint, bigint, bigint) -> array(bigint) = steps({0}, {1}, {2})
sequence(date, date) -> array(date) = cast(case when {0} <= {1} then generate_series({0}, {1}, to_days(1)) else generate_series({0}, {1}, to_days(-1)) end as date[])
sequence(date, date, L) -> array(date) = cast(generate_series({0}, {1}, {2}) as date[])
sequence(M, M, L) -> array(M) = generate_series({0}, {1}, {2})
flatten(array(array(T))) -> array(T) = flatten({0})
filter(array(T), function(T, boolean)) -> array(T) = list_filter({0}, {1})
transform(array(T), function(T, U)) -> array(U) = list_transform({0}, {1})
any_match(array(T), function(T, boolean)) -> boolean = any_true(list_transform({0}, {1}))
all_match(array(T), function(T, boolean)) -> boolean = all_true(list_transform({0}, {1}))
none_match(array(T), function(T, boolean)) -> boolean = (not any_true(list_transform({0}, {1})))
reduce(array(T), S, function(S, T, S), function(S, R)) -> R = list_transform([list_reduce({0}, {2}, {1})], {3})[1]
zip(array(T), array(U)) -> array(row(field0 T, field1 U)) = list_transform(list_zip({0}, {1}), lambda @e: struct_pack("field0" := @e[1], "field1" := @e[2]))
zip_with(array(T), array(U), function(T, U, R)) -> array(R) = list_transform(list_zip({0}, {1}), lambda @e: {2:@e[1];@e[2]})
repeat(T, bigint) -> array(T) = list_transform(range(0, {1}), lambda @e: {0})

map() -> map(unknown, unknown) = map()
map(array(K), array(V)) -> map(K, V) = map({0}, {1})
map_keys(map(K, V)) -> array(K) = map_keys({0})
map_values(map(K, V)) -> array(V) = map_values({0})
map_entries(map(K, V)) -> array(row(field0 K, field1 V)) = list_transform(map_entries({0}), lambda @e: struct_pack("field0" := @e.key, "field1" := @e.value))
map_from_entries(array(row(k K, v V))) -> map(K, V) = map_from_entries({0})
map_concat(map(K, V), map(K, V), ...) -> map(K, V) = case when {?} then null else map_concat({*}) end
map_filter(map(K, V), function(K, V, boolean)) -> map(K, V) = map_from_entries(list_filter(map_entries({0}), lambda @e: {1:@e.key;@e.value}))
transform_keys(map(K, V), function(K, V, U)) -> map(U, V) = map_from_entries(list_transform(map_entries({0}), lambda @e: struct_pack(k := {1:@e.key;@e.value}, v := @e.value)))
transform_values(map(K, V), function(K, V, U)) -> map(K, U) = map_from_entries(list_transform(map_entries({0}), lambda @e: struct_pack(k := @e.key, v := {1:@e.key;@e.value})))

json_parse(varchar) -> json = parsed_json({0})
json_format(json) -> varchar = cast({0} as varchar)
json_extract(json, path) -> json = whole_json(json_extract({0}, '{1}'))
json_extract(varchar, path) -> json = whole_json(json_extract(valid_json({0}), '{1}'))
json_extract_scalar(json, path) -> varchar = scalar_text({0}, '{1}')
json_extract_scalar(varchar, path) -> varchar = scalar_text(valid_json({0}), '{1}')
json_array_length(json) -> bigint = case when json_type({0}) = 'ARRAY' then json_array_length({0}) end
json_array_length(varchar) -> bigint = case when json_type(valid_json({0})) = 'ARRAY' then json_array_length(valid_json({0})) end
json_size(json, path) -> bigint = size_json(json_extract({0}, '{1}'))
json_size(varchar, path) -> bigint = size_json(json_extract(valid_json({0}), '{1}'))
json_array_contains(json, item) -> boolean = case when json_type({0}) = 'ARRAY' then list_contains(cast({0} as json[]), to_json({1})) end
json_array_contains(varchar, item) -> boolean = case when json_type(valid_json({0})) = 'ARRAY' then list_contains(cast(cast(valid_json({0}) as json) as json[]), to_json({1})) end
is_json_scalar(json) -> boolean = (json_type({0}) not in ('ARRAY', 'OBJECT'))
is_json_scalar(varchar) -> boolean = (json_type(valid_json({0})) not in ('ARRAY', 'OBJECT'))

count() -> bigint = count(*){~}
count(T) -> bigint = count({!}{0}){~}
count_if(boolean) -> bigint = coalesce(cast(count_if({!}{0}){~} as bigint), 0)
approx_distinct(T) -> bigint = count(distinct {0}){~}
sum(I) -> bigint = cast(sum({!}{0}){~} as bigint)
sum(D) -> D.sum = sum({!}{0}){~}
sum(double) -> double = sum({!}{0}){~}
sum(real) -> real = cast(sum({!}{0}){~} as float)
avg(double) -> double = avg({!}{0}){~}
avg(real) -> real = cast(avg({!}{0}){~} as float)
avg(D) -> D.same = {=(}exact_quotient(cast(sum({!}{0}){~} as {=38}), nullif(cast(count({!}{0}){~} as decimal(38,0)), 0), 1){=)}
min(T) -> T = min({!}{0}){~}
max(F) -> F = coalesce(max({!}number({0})){~}, max({!}{0}){~})
max(T) -> T = max({!}{0}){~}
min_by(T, U) -> T = arg_min_null({0}, {1}){~}
max_by(T, U) -> T = arg_max_null({0}, {1}){~}
arbitrary|any_value(T) -> T = any_value({0}){~}
bool_and|every(boolean) -> boolean = bool_and({0}){~}
bool_or(boolean) -> boolean = bool_or({0}){~}
array_agg(T) -> array(T) = list({!}{0}{^}){~}
listagg(varchar, varchar) -> varchar = string_agg({!}{0}, {1}{^}){~}
map_agg(K, V) -> map(K, V) = map_from_entries(first_keys(list(struct_pack(k := {0}, v := {1})){~}))
histogram(T) -> map(T, bigint) = cast(histogram({0}){~} as {=})
stddev|stddev_samp(double) -> double = stddev_samp({!}{0}){~}
stddev_pop(double) -> double = stddev_pop({!}{0}){~}
variance|var_samp(double) -> double = var_samp({!}{0}){~}
var_pop(double) -> double = var_pop({!}{0}){~}
corr(double, double) -> double = finite(corr({0}, {1}){~})
covar_pop(double, double) -> double = covar_pop({0}, {1}){~}
covar_samp(double, double) -> double = covar_samp({0}, {1}){~}
regr_slope(double, double) -> double = finite(regr_slope({0}, {1}){~})
regr_intercept(double, double) -> double = finite(regr_intercept({0}, {1}){~})
bitwise_and_agg(bigint) -> bigint = bit_and({0}){~}
bitwise_or_agg(bigint) -> bigint = bit_or({0}){~}
grouping(T, ...) -> integer = cast(grouping({*}) as integer)

row_number() -> bigint = row_number(){~}
rank() -> bigint = rank(){~}
dense_rank() -> bigint = dense_rank(){~}
percent_rank() -> double = percent_rank(){~}
cume_dist() -> double = cume_dist(){~}
ntile(bigint) -> bigint = ntile({0}){~}
lag(T) -> T = lag({0}{^}){~}
lag(T, bigint) -> T = lag({0}, {1}{^}){~}
lag(T, bigint, T) -> T = lag({0}, {1}, {2}{^}){~}
lead(T) -> T = lead({0}{^}){~}
lead(T, bigint) -> T = lead({0}, {1}{^}){~}
lead(T, bigint, T) -> T = lead({0}, {1}, {2}{^}){~}
first_value(T) -> T = first_value({0}{^}){~}
last_value(T) -> T = last_value({0}{^}){~}
nth_value(T, bigint) -> T = nth_value({0}, {1}{^}){~}
"""
WINDOW_ONLY = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
               "last_value", "nth_value"}  # fmt: skip
SORTING = {"min", "max", "array_sort", "array_max", "array_min", "greatest", "least"}
COMPARING = {"contains", "array_distinct", "array_union", "array_intersect", "array_except", "array_position",
             "array_remove", "arrays_overlap", "histogram", "map_agg", "approx_distinct"}  # fmt: skip # equal values
ORDERED = {"array_agg", "listagg"}  # what ORDER BY within the brackets may change

# What a capital letter may stand for, where it is not any type.
LIMITED: dict[str, tuple[str, ...]] = {
    "N": NUMBERS, "I": tuple(INTEGERS), "D": ("decimal",), "F": ("double", "real"), "M": ("timestamp",),
    "Z": ("timestamp with time zone",), "L": ("interval day to second", "interval year to month"),
}  # fmt: skip
ADAPTED = {"wall", "clock", "texts", "item"}
LITERALS: dict[str, Callable[[str], str | None]] = {
    "regex": literals.regex,
    "captures": literals.capturing_regex,
    "consuming": literals.consuming_regex,
    "replacement": literals.replacement,
    "path": literals.json_path,
    "mysql": literals.mysql_format,
    "joda": literals.joda_format,
    "mysql_text": literals.mysql_to_parse,
    "joda_text": literals.joda_to_parse,
    "zone": literals.zone,
    "unit": literals.unit,
    "days": literals.unit_of_days,
    "dates": literals.unit_of_dates,
    "group": literals.group,
}
DERIVED: dict[str, Callable[[Type], Type]] = {
    "whole": lambda kind: decimal(kind.of[0] - kind.of[1] + min(kind.of[1], 1), 0),
    "longer": lambda kind: decimal(kind.of[0] + 1, kind.of[1]),
    "cut": lambda kind: decimal(max(1, kind.of[0] - kind.of[1]), 0),
    "sum": lambda kind: decimal(38, kind.of[1]),
    "same": lambda kind: kind,
    "zoned": lambda kind: Type("timestamp with time zone", kind.of),
}


class Function(NamedTuple):
    """One overload of a function.

    :param rule: how the result's type is derived from the one that it names
    """

    name: str
    arguments: tuple[Type, ...]
    more: bool
    result: Type
    rule: str
    words: str

    def parameters(self, count: int) -> list[Type]:
        """Return the types that so many arguments are to have."""
        more = [self.arguments[-1]] * (count - len(self.arguments)) if self.more else []
        return [*self.arguments, *more]

    @property
    def aggregate(self) -> bool:
        """Whether it sums up rows, or looks over them as a window function."""
        return "{~}" in self.words


def _functions() -> dict[str, list[Function]]:
    found = defaultdict(list)
    for line in TABLE.strip().splitlines():
        if line:
            signature, words = line.split(" = ", 1)
            head, result = signature.split(" -> ")
            names, inner = head.removesuffix(")").split("(", 1)
            kinds = parse(f"function({inner.removesuffix(', ...')})", also={*ADAPTED, *LITERALS}).of if inner else ()
            name, _, rule = result.partition(".") if result[1:2] == "." else (result, "", "")
            for synonym in names.split("|"):
                found[synonym].append(Function(synonym, kinds, inner.endswith("..."), parse(name), rule, words))
    return dict(found)


FUNCTIONS = _functions()
PLACES = re.compile(r"\{([^}]*)\}")
