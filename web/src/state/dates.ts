/** Business days: plain calendar dates (`2026-11-21`) that begin at 06:00 of the venue's clock. */
export type Day = string;

export interface Range {
  readonly since: Day;
  readonly until: Day;
}

export const DAY_BEGINS = 6; // o'clock

/** Return the business day that runs at a moment in a time zone. */
export function businessDay(now: Date, timeZone: string): Day {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    hourCycle: "h23",
  }).formatToParts(now);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  const date = `${part("year")}-${part("month")}-${part("day")}`;
  return Number(part("hour")) < DAY_BEGINS ? addDays(date, -1) : date;
}

/** Return the day that runs at a moment in UTC, which is what counts where no venue does. */
export function dayInUtc(now: Date): Day {
  return iso(now);
}

/** Tell whether a text is a date that exists. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && iso(date) === text;
}

export function addDays(day: Day, days: number): Day {
  const date = utc(day);
  date.setUTCDate(date.getUTCDate() + days);
  return iso(date);
}

/** Return the day so many months away; the last of the month where it has no such day. */
export function addMonths(day: Day, months: number): Day {
  const date = utc(day);
  const wanted = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(wanted, last));
  return iso(date);
}

/** Return the Monday of a day's week. */
export function startOfWeek(day: Day): Day {
  return addDays(day, -((utc(day).getUTCDay() + 6) % 7));
}

export function startOfMonth(day: Day): Day {
  return `${day.slice(0, 7)}-01`;
}

export interface Preset {
  readonly name: string;
  readonly label: string;
  readonly range: (today: Day) => Range;
}

/** The ranges that people ask for by name. */
export const PRESETS: readonly Preset[] = [
  { name: "today", label: "Today", range: (today) => ({ since: today, until: today }) },
  { name: "yesterday", label: "Yesterday", range: (today) => both(addDays(today, -1)) },
  { name: "7d", label: "Last 7 days", range: (today) => ({ since: addDays(today, -6), until: today }) },
  { name: "28d", label: "Last 28 days", range: (today) => ({ since: addDays(today, -27), until: today }) },
  { name: "week", label: "This week", range: (today) => ({ since: startOfWeek(today), until: today }) },
  {
    name: "last-week",
    label: "Last week",
    range: (today) => ({ since: addDays(startOfWeek(today), -7), until: addDays(startOfWeek(today), -1) }),
  },
  { name: "month", label: "This month", range: (today) => ({ since: startOfMonth(today), until: today }) },
  {
    name: "last-month",
    label: "Last month",
    range: (today) => ({ since: addMonths(startOfMonth(today), -1), until: addDays(startOfMonth(today), -1) }),
  },
  { name: "3m", label: "Last 3 months", range: (today) => ({ since: addDays(addMonths(today, -3), 1), until: today }) },
  {
    name: "12m",
    label: "Last 12 months",
    range: (today) => ({ since: addDays(addMonths(today, -12), 1), until: today }),
  },
];

function both(day: Day): Range {
  return { since: day, until: day };
}

function utc(day: Day): Date {
  return new Date(`${day}T00:00:00Z`);
}

function iso(date: Date): Day {
  return date.toISOString().slice(0, 10);
}
