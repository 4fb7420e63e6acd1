import { beforeEach, describe, expect, it } from "vitest";
import { formatChange, formatNumber, formatShort, setLocale, toNumber, unitLabel } from "../src/format/numbers";
import { formatDay, formatHour, formatMinutes, formatMoment, formatRange, formatTick } from "../src/format/time";

beforeEach(() => setLocale("en-AU"));

describe("numbers", () => {
  it("money keeps its cents and names its currency", () => {
    expect(formatNumber("1234.5", "AUD")).toBe("$1,234.50");
    expect([formatNumber("1234.500", "AUD", 3), formatNumber("0.125", "AUD", 3)]).toEqual(["$1,234.50", "$0.125"]);
    expect(formatNumber("1234.5", "GBP")).toMatch(/^(£|GBP\s)1,234\.50$/);
    setLocale("en-GB");
    expect(formatNumber("1234.5", "AUD")).toBe("A$1,234.50");
  });

  it("decimals are shown to the digit, also where a float would not hold them", () => {
    expect(formatNumber("90071992547409931234.56", "AUD")).toBe("$90,071,992,547,409,931,234.56");
  });

  it("hours, percentages and counts have their units", () => {
    expect(formatNumber("7.25", "hours", 2)).toBe("7.25 h");
    expect(formatNumber("31.27", "percent")).toBe("31.3 %");
    expect(formatNumber(12000, "count")).toBe("12,000");
    expect([formatNumber("1354.000", "units", 3), formatNumber("1.5", "units", 3)]).toEqual(["1,354", "1.5"]);
    expect([unitLabel("hours", "Hours"), unitLabel("hours", "Work"), unitLabel("AUD", "Sales")]).toEqual([
      "",
      "hours",
      "AUD",
    ]);
  });

  it("nothing is a dash, not a zero", () => {
    expect(formatNumber(null, "AUD")).toBe("–");
    expect(formatNumber("0", "AUD")).toBe("$0.00");
    expect(toNumber(null)).toBe(null);
    expect(toNumber("")).toBe(null);
  });

  it("axes are short", () => {
    expect(formatShort(1_250_000, "AUD")).toBe("$1.3M");
    expect(formatShort(30, "percent")).toBe("30 %");
  });

  it("a change is told in percent, of percentages in points, and not where there was nothing", () => {
    expect(formatChange("110", "100", "AUD")).toBe("+10%");
    expect(formatChange("90", "100", "AUD")).toBe("-10%");
    expect(formatChange("31.5", "30", "percent")).toBe("+1.5 pts");
    expect(formatChange("-50", "-100", "AUD")).toBe("+50%");
    expect(formatChange("5", "0", "AUD")).toBe(null);
    expect(formatChange(null, "5", "AUD")).toBe(null);
  });

  it("a language that is none leaves the one before", () => {
    setLocale("no language");
    expect(formatNumber("1", "AUD")).toBe("$1.00");
  });
});

describe("times", () => {
  it("days are named whatever the machine's zone", () => {
    expect(formatDay("2026-11-21")).toBe("Sat, 21 Nov 2026");
    expect(formatDay("2026-11-16", "week")).toBe("Week of 16 Nov 2026");
    expect(formatDay("2026-11-01", "month")).toBe("Nov 2026");
    expect(formatDay("2026-10-01", "quarter")).toBe("Q4 2026");
    expect(formatDay("2026-01-01", "year")).toBe("2026");
    expect(formatTick("2026-11-21", "day")).toBe("21 Nov");
  });

  it("hours are those of the venue's clock, as told", () => {
    expect(formatHour("2026-11-21T06:00:00")).toBe("06:00");
    expect(formatTick("2026-11-21T23:00:00", "hour")).toBe("23:00");
  });

  it("moments name their zone", () => {
    const moment = "2026-11-21T04:05:00Z";
    const at = (now: string) => formatMoment(moment, "Australia/Sydney", new Date(now));
    expect(at("2026-12-01T00:00:00Z")).toMatch(/^21 Nov,? (at )?3:05\s?pm AEDT$/);
    expect(at("2027-02-01T00:00:00Z")).toMatch(/^21 Nov 2026,? (at )?3:05\s?pm AEDT$/);
    expect(formatMoment(null)).toBe("never");
  });

  it("ranges and lengths are short", () => {
    expect(formatRange("2026-11-01", "2026-11-21")).toBe("1–21 Nov 2026");
    expect(formatRange("2026-11-21", "2026-11-21")).toBe("Sat, 21 Nov 2026");
    expect([formatMinutes(45), formatMinutes(200), formatMinutes(1500), formatMinutes(null)]).toEqual([
      "45 min",
      "3 h 20 min",
      "1 day 1 h",
      "unknown",
    ]);
  });
});
