/** Dates and times as people read them, with the time zone named where it matters. */
import { currentLocale } from "./numbers";

/** Return a business date: `Sat 21 Nov 2026`; a bucket of a coarser grain by its name: `Nov 2026`. */
export function formatDay(day: string, grain = "day"): string {
  const date = new Date(`${day.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return day;
  if (grain === "year") return day.slice(0, 4);
  if (grain === "quarter") return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${day.slice(0, 4)}`;
  if (grain === "month") return plain(date, { month: "short", year: "numeric" });
  if (grain === "week") return `Week of ${plain(date, { day: "numeric", month: "short", year: "numeric" })}`;
  return plain(date, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
}

/** Return a day with its weekday, and without the year, for where that is told already. */
export function formatWeekday(day: string): string {
  return plain(new Date(`${day.slice(0, 10)}T00:00:00Z`), { weekday: "short", day: "numeric", month: "short" });
}

/** Return a bucket for an axis: short. */
export function formatTick(bucket: string, grain: string): string {
  const date = new Date(`${bucket.slice(0, 10)}T00:00:00Z`);
  if (grain === "hour") return formatHour(bucket);
  if (Number.isNaN(date.getTime())) return bucket;
  if (grain === "day" || grain === "week") return plain(date, { day: "numeric", month: "short" });
  return formatDay(bucket, grain);
}

/** Return the hour of a local time or of a number of hours: `06:00`. */
export function formatHour(value: string): string {
  const [, hour] = /(?:T|\s|^)(\d{1,2})(?::\d{2}|$)/.exec(value) ?? [];
  return hour === undefined ? value : `${hour.padStart(2, "0")}:00`;
}

/** Return a range of days in few words. */
export function formatRange(since: string, until: string): string {
  if (since === until) return formatDay(since);
  const format = new Intl.DateTimeFormat(currentLocale(), { dateStyle: "medium", timeZone: "UTC" });
  return format.formatRange(new Date(`${since}T00:00:00Z`), new Date(`${until}T00:00:00Z`));
}

/** Return a moment with its zone: `21 Nov, 3:05 pm AEDT`; with its year where that is another than now. */
export function formatMoment(moment: string | null | undefined, timeZone?: string, now = new Date()): string {
  if (!moment) return "never";
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return moment;
  return new Intl.DateTimeFormat(currentLocale(), {
    day: "numeric",
    month: "short",
    ...(date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const }),
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
    timeZone,
  }).format(date);
}

/** Return a length of time in its two greatest units: `45 min`, `3 h 20 min`, `2 days 4 h`. */
export function formatMinutes(minutes: number | null | undefined): string {
  if (minutes === null || minutes === undefined) return "unknown";
  const whole = Math.round(minutes);
  const [days, hours, rest] = [Math.floor(whole / 1440), Math.floor((whole % 1440) / 60), whole % 60];
  if (days > 0) return `${days} ${days === 1 ? "day" : "days"}${hours ? ` ${hours} h` : ""}`;
  if (hours > 0) return `${hours} h${rest ? ` ${rest} min` : ""}`;
  return `${rest} min`;
}

function plain(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(currentLocale(), { ...options, timeZone: "UTC" }).format(date);
}
