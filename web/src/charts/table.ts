/** What a panel's columns mean, and its rows beside those that they are compared with. */
import type { Cell, Column, Panel, Result } from "../api/client";
import { GRAINS, type Grain } from "../state/choice";
import { addDays, addMonths, type Day, type Range, startOfMonth, startOfWeek } from "../state/dates";

/** What a panel's columns do in a chart. */
export interface Roles {
  readonly times: readonly number[];
  readonly dimensions: readonly number[];
  readonly metrics: readonly number[];
}

/** Return the indices of a panel's columns by what they are. */
export function rolesOf(columns: readonly Column[]): Roles {
  const of = (kind: Column["kind"]) => columns.flatMap((column, index) => (column.kind === kind ? [index] : []));
  return { times: of("time"), dimensions: of("dimension"), metrics: of("metric") };
}

/** Return what a time column counts in: its name ends with it (`metric_time__week`), or it is the dashboard's. */
export function grainOf(column: Column, fallback: string): Grain {
  const suffix = column.name.split("__").pop() ?? "";
  const named = GRAINS.find((grain) => grain === suffix);
  return named ?? GRAINS.find((grain) => grain === fallback) ?? "day";
}

/** Return a metric's unit in a row: of `currency`, the one that the row names. */
export function unitOf(column: Column, panel: Panel, row: readonly Cell[] | undefined): string {
  if (column.unit !== "currency") return column.unit ?? "";
  return String(row?.[currencyOf(panel) ?? -1] ?? "");
}

/** Return the index of the column that names a row's currency; null where no amount depends on it. */
export function currencyOf(panel: Panel): number | null {
  if (!panel.columns.some(({ unit }) => unit === "currency")) return null;
  const index = panel.columns.findIndex(({ name, kind }) => kind === "dimension" && name.includes("currency"));
  return index < 0 ? null : index;
}

/** A row, and the one that it is compared with, which the API puts at the same place. */
export interface Pair {
  readonly row: readonly Cell[];
  readonly before: readonly Cell[] | null;
}

/** Join rows and those that they are compared with. */
export function pairs(panel: Panel): Pair[] {
  return panel.rows.map((row, index) => ({ row, before: panel.comparison_rows?.[index] ?? null }));
}

/** Tell whether a result is compared with a range of which nothing is known. */
export function comparesWithNothing({ panels }: Result): boolean {
  const compared = panels.filter(({ comparison_rows }) => comparison_rows !== null);
  const empty = ({ columns, comparison_rows }: Panel) =>
    rolesOf(columns).metrics.every((index) => comparison_rows?.every((row) => (row[index] ?? null) === null));
  return compared.length > 0 && compared.every(empty);
}

/** Return the first days of all buckets of a range, those without data too. */
export function bucketsOf({ since, until }: Range, grain: Grain): Day[] {
  const buckets: Day[] = [];
  for (let bucket = bucketStart(since, grain); bucket <= until; bucket = bucketNext(bucket, grain))
    buckets.push(bucket);
  return buckets;
}

/** Return which buckets a range holds in part only, in a sentence; empty where all are whole. */
export function cutBuckets(range: Range, grain: Grain): string {
  const buckets = bucketsOf(range, grain);
  const last = buckets.at(-1);
  if (grain === "hour" || grain === "day" || buckets[0] === undefined || last === undefined) return "";
  const begins = buckets[0] < range.since;
  const ends = bucketNext(last, grain) > addDays(range.until, 1);
  if (!begins && !ends) return "";
  if (buckets.length === 1) return `Only part of this ${grain}.`;
  const which = begins && ends ? "first and last" : begins ? "first" : "last";
  return `Only part of the ${which} ${grain}.`;
}

function bucketStart(day: Day, grain: Grain): Day {
  if (grain === "week") return startOfWeek(day);
  if (grain === "month") return startOfMonth(day);
  if (grain === "quarter") return addMonths(startOfMonth(day), -((Number(day.slice(5, 7)) - 1) % 3));
  return grain === "year" ? `${day.slice(0, 4)}-01-01` : day;
}

function bucketNext(bucket: Day, grain: Grain): Day {
  if (grain === "week") return addDays(bucket, 7);
  if (grain === "month") return addMonths(bucket, 1);
  if (grain === "quarter") return addMonths(bucket, 3);
  return grain === "year" ? addMonths(bucket, 12) : addDays(bucket, 1);
}
