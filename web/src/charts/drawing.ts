/** What a chart shows, before any library: categories, series, and one facet for each unit (no two scales in one). */
import type { Cell, Column, Panel } from "../api/client";
import { toNumber } from "../format/numbers";
import { formatDay, formatHour, formatTick, formatWeekday } from "../format/time";
import type { Grain } from "../state/choice";
import type { Range } from "../state/dates";
import { bucketsOf, currencyOf, grainOf, type Pair, pairs, rolesOf, unitOf } from "./table";

export const SERIES_AT_MOST = 8;
export const BARS_AT_MOST = 30;

export interface Series {
  readonly name: string;
  readonly unit: string;
  /** Which colour; a compared series has that of the one it is compared with. */
  readonly color: number;
  readonly compared: boolean;
  readonly values: readonly (number | null)[];
}

export interface Facet {
  readonly unit: string;
  /** What tells it from the others; empty where it is the only one. */
  readonly caption: string;
  readonly series: readonly Series[];
}

export interface Drawing {
  /** Short, for the axis, and long, for tooltips. */
  readonly ticks: readonly string[];
  readonly labels: readonly string[];
  /** Whether the categories follow time, from left to right. */
  readonly timed: boolean;
  readonly facets: readonly Facet[];
  /** What each category is compared with; empty where that is no time. */
  readonly before: readonly string[];
  /** What is not drawn, in words; empty where all is. */
  readonly omitted: string;
}

interface Axis {
  readonly keys: readonly string[];
  readonly ticks: readonly string[];
  readonly labels: readonly string[];
  readonly of: (row: readonly Cell[]) => string;
}

/** Return what a line or bar panel shows. */
export function draw(panel: Panel, range: Range, grain: string): Drawing {
  const { times, dimensions, metrics } = rolesOf(panel.columns);
  const currency = currencyOf(panel); // amounts of two currencies never share a scale
  const names = dimensions.filter((index) => index !== currency);
  const hours = times.length === 0 && isHour(panel, names[0]);
  const timed = times.length > 0 || hours;
  const named = metrics.length > 1 && !hours ? names : names.slice(0, 1);
  const whole = times.length > 0 ? timeAxis(panel, times[0] as number, range, grain) : namesAxis(panel, named);
  const axis = timed ? whole : first(whole, BARS_AT_MOST);
  const splitBy = dimensions.filter((index) => times.length > 0 || !named.includes(index));
  const all = seriesOf(panel, axis, metrics, splitBy);
  const count = new Set(all.map(({ color }) => color)).size;
  const drawn = all.filter(({ color }) => color < SERIES_AT_MOST);
  const series = count > SERIES_AT_MOST && `${SERIES_AT_MOST} of ${count} series`;
  const bars = whole.keys.length > axis.keys.length && `${axis.keys.length} of ${whole.keys.length} bars`;
  return {
    ticks: axis.ticks,
    labels: axis.labels,
    timed,
    facets: facetsOf(drawn),
    before: times.length > 0 ? comparedTimes(panel, times[0] as number, axis, grain) : [],
    omitted: [series, bars].filter(Boolean).join(", "),
  };
}

function facetsOf(drawn: readonly Series[]): Facet[] {
  const units = [...new Set(drawn.map(({ unit }) => unit))];
  const own = drawn.filter(({ compared }) => !compared);
  const recurring = new Set(own.map(({ name }) => name)).size < own.length;
  const caption = (unit: string) => {
    if (units.length === 1) return "";
    return recurring ? unit : own.flatMap((one) => (one.unit === unit ? [one.name] : [])).join(", ");
  };
  return units.map((unit) => ({ unit, caption: caption(unit), series: drawn.filter((one) => one.unit === unit) }));
}

/** Return with which times those of the axis are compared, as the API says beside each row. */
function comparedTimes(panel: Panel, time: number, axis: Axis, wanted: string): string[] {
  const grain = grainOf(panel.columns[time] as Column, wanted);
  const found = new Map(pairs(panel).map(({ row, before }) => [axis.of(row), before?.[time] ?? null]));
  return axis.keys.map((key) => {
    const before = found.get(key) ?? null;
    return before === null ? "" : timeLabel(String(before), grain);
  });
}

/** A heatmap: a value for each column and line of a grid. */
export interface HeatDrawing {
  readonly columns: readonly string[];
  readonly lines: readonly string[];
  readonly cells: readonly (readonly [column: number, line: number, value: number])[];
  readonly name: string;
  readonly unit: string;
}

/** Return what a heatmap panel shows: hours of the clock to the right, days or names downwards. */
export function drawHeat(panel: Panel, grain: string): HeatDrawing {
  const { times, dimensions, metrics } = rolesOf(panel.columns);
  const metric = metrics[0] ?? 0;
  const places = [...times, ...dimensions];
  const across = places.find((index) => isHour(panel, index)) ?? places[0] ?? 0;
  const down = places.find((index) => index !== across) ?? across;
  const keyOf = (index: number) => (row: readonly Cell[]) => String(row[index] ?? "none");
  const columns = [...new Set(panel.rows.map(keyOf(across)))].sort(isHour(panel, across) ? byHour : undefined);
  const lines = [...new Set(panel.rows.map(keyOf(down)))];
  const cells = panel.rows.flatMap((row) => {
    const value = toNumber(row[metric]);
    const place = [columns.indexOf(keyOf(across)(row)), lines.indexOf(keyOf(down)(row))] as const;
    return value === null ? [] : [[...place, value] as const];
  });
  const word = (index: number) => (key: string) => {
    if (isHour(panel, index)) return formatHour(key);
    return times.includes(index) ? heatLabel(key, grainOf(panel.columns[index] as Column, grain)) : key;
  };
  const { label: name } = panel.columns[metric] as Column;
  const unit = unitOf(panel.columns[metric] as Column, panel, panel.rows[0]);
  return { columns: columns.map(word(across)), lines: lines.map(word(down)), cells, name, unit };
}

function timeAxis(panel: Panel, time: number, range: Range, wanted: string): Axis {
  const grain = grainOf(panel.columns[time] as Column, wanted);
  const of = (row: readonly Cell[]) => String(row[time]);
  const filled = grain === "hour" ? [] : bucketsOf(range, grain);
  const keys = [...new Set([...filled, ...panel.rows.map(of)])].sort(byText);
  const single = range.since === range.until;
  return {
    keys,
    of,
    ticks: keys.map((key) => (grain === "hour" && !single ? hourTick(key) : formatTick(key, grain))),
    labels: keys.map((key) => timeLabel(key, grain)),
  };
}

/** Return a bucket in full. */
export function timeLabel(key: string, grain: Grain): string {
  return grain === "hour" ? `${formatDay(key)}, ${formatHour(key)}` : formatDay(key, grain);
}

function heatLabel(key: string, grain: Grain): string {
  return grain === "day" ? formatWeekday(key) : timeLabel(key, grain);
}

function namesAxis(panel: Panel, columns: readonly number[]): Axis {
  const of = (row: readonly Cell[]) => nameOf(row, columns) || "Total";
  const keys = [...new Set(panel.rows.map(of))];
  if (!isHour(panel, columns[0])) return { keys, ticks: keys, labels: keys, of };
  const words = keys.sort(byHour).map(formatHour);
  return { keys, ticks: words, labels: words, of };
}

function first(axis: Axis, count: number): Axis {
  const cut = <T>(values: readonly T[]) => values.slice(0, count);
  return { ...axis, keys: cut(axis.keys), ticks: cut(axis.ticks), labels: cut(axis.labels) };
}

function seriesOf(panel: Panel, axis: Axis, metrics: readonly number[], splitBy: readonly number[]): Series[] {
  const bySplit = new Map<string, Pair[]>();
  for (const pair of pairs(panel)) {
    const split = nameOf(pair.row, splitBy);
    bySplit.set(split, [...(bySplit.get(split) ?? []), pair]);
  }
  const made = [...bySplit.values()].flatMap((rows) =>
    metrics.map((metric) => oneSeries(panel, axis, metric, splitBy, rows)),
  );
  const ordered = splitBy.length > 0 && metrics.length === 1 ? made.sort((a, b) => b.size - a.size) : made;
  const names = [...new Set(ordered.map(({ name }) => name))]; // the same in each currency's facet
  return ordered.flatMap(({ name, unit, now, before }) => {
    const color = names.indexOf(name);
    return [
      ...(before ? [{ name, unit, color, compared: true, values: before }] : []),
      { name, unit, color, compared: false, values: now },
    ];
  });
}

function oneSeries(panel: Panel, axis: Axis, metric: number, splitBy: readonly number[], rows: readonly Pair[]) {
  const column = panel.columns[metric] as Column;
  const alone = rolesOf(panel.columns).metrics.length === 1;
  const currency = column.unit === "currency" ? currencyOf(panel) : null; // which its facet names already
  const split = nameOf(
    rows[0]?.row ?? [],
    splitBy.filter((index) => index !== currency),
  );
  const found = new Map(rows.map((pair) => [axis.of(pair.row), pair]));
  const now = axis.keys.map((key) => toNumber(found.get(key)?.row[metric]));
  const before = axis.keys.map((key) => toNumber(found.get(key)?.before?.[metric]));
  return {
    name: !split ? column.label : alone ? split : `${split}: ${column.label}`,
    unit: unitOf(column, panel, rows[0]?.row),
    now,
    before: before.some((value) => value !== null) ? before : null,
    size: now.reduce<number>((sum, value) => sum + Math.abs(value ?? 0), 0),
  };
}

function nameOf(row: readonly Cell[], columns: readonly number[]): string {
  return columns.map((index) => String(row[index] ?? "none")).join(" · ");
}

function isHour(panel: Panel, index: number | undefined): boolean {
  const column = index === undefined ? undefined : panel.columns[index];
  return column?.kind === "dimension" && column.name.includes("hour");
}

/** A business day's hours begin at 06:00 and end before 06:00. */
function byHour(a: string, b: string): number {
  const place = (hour: string) => (Number.parseInt(hour, 10) + 18) % 24;
  return place(a) - place(b);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function hourTick(key: string): string {
  return `${formatTick(key, "day")} ${formatHour(key)}`;
}
