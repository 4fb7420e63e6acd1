/** Numbers as people read them. Decimals come as texts and are shown to the digit; only charts turn them into floats. */
import type { Cell } from "../api/client";

const NOTHING = "–";
const CURRENCY = /^[A-Z]{3}$/;
const SUFFIXES: Record<string, string> = { percent: " %", hours: " h", minutes: " min" };

/** How to write numbers: `en-AU`, or what the person's profile says. */
let locale = "en-AU";

/** Set the language of numbers and dates; an unknown one is left out. */
export function setLocale(wanted: string): void {
  try {
    locale = Intl.getCanonicalLocales(wanted)[0] ?? locale;
  } catch {
    // not a language: the one before stays
  }
}

export function currentLocale(): string {
  return locale;
}

/** Return a number with its unit, all digits that the API gave: `$1,234.50`, `12.5 h`, `31.2 %`. */
export function formatNumber(value: Cell, unit: string, digits?: number): string {
  if (value === null || value === "") return NOTHING;
  const options: Intl.NumberFormatOptions = { ...decimals(value, unit, digits) };
  if (CURRENCY.test(unit)) Object.assign(options, { style: "currency", currency: unit });
  return new Intl.NumberFormat(locale, options).format(exact(value)) + suffix(unit);
}

/** Return a number in few signs, for axes and tiles: `$1.2K`. */
export function formatShort(value: number, unit: string): string {
  const options: Intl.NumberFormatOptions = { notation: "compact", maximumFractionDigits: 1 };
  if (CURRENCY.test(unit)) Object.assign(options, { style: "currency", currency: unit });
  return new Intl.NumberFormat(locale, options).format(value) + suffix(unit);
}

/** Return how a number changed, `+4.2 %` or, of percentages, `+1.3 pts`; null where nothing can be said. */
export function formatChange(now: Cell, before: Cell, unit: string): string | null {
  const [current, previous] = [toNumber(now), toNumber(before)];
  if (current === null || previous === null) return null;
  const signed = { maximumFractionDigits: 1, signDisplay: "exceptZero" } as const;
  if (unit === "percent") return `${new Intl.NumberFormat(locale, signed).format(current - previous)} pts`;
  if (previous === 0) return null;
  const change = (current - previous) / Math.abs(previous);
  return new Intl.NumberFormat(locale, { ...signed, style: "percent" }).format(change);
}

/** Return a cell as a float for drawing and sorting; null for what is no number. */
export function toNumber(value: Cell | undefined): number | null {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Return what a unit is called beside a title; empty where the title says it. */
export function unitLabel(unit: string, title: string): string {
  if (unit === "percent") return "%";
  return unit === "count" || unit === "currency" || title.toLowerCase().includes(unit) ? "" : unit;
}

function suffix(unit: string): string {
  return SUFFIXES[unit] ?? "";
}

function decimals(value: Cell, unit: string, digits?: number): Intl.NumberFormatOptions {
  if (digits !== undefined) {
    const fixed = CURRENCY.test(unit) || unit === "percent" || unit === "hours"; // else a whole number is shown as one
    return { minimumFractionDigits: fixed ? Math.min(digits, 2) : 0, maximumFractionDigits: digits };
  }
  if (CURRENCY.test(unit)) return { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  if (unit === "percent" || unit === "hours") return { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return { maximumFractionDigits: String(value).split(".")[1]?.length ?? 0 };
}

function exact(value: Cell): number {
  return value as unknown as number; // Intl takes a decimal's text to the digit; TypeScript knows numbers only
}
