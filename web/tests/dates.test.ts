import { describe, expect, it } from "vitest";
import { addMonths, businessDay, isDay, PRESETS, startOfWeek } from "../src/state/dates";

const SYDNEY = "Australia/Sydney";

describe("a business day", () => {
  it("begins at 06:00 of the venue's clock", () => {
    expect(businessDay(new Date("2026-06-15T19:59:59Z"), SYDNEY)).toBe("2026-06-15"); // 05:59 on the 16th
    expect(businessDay(new Date("2026-06-15T20:00:00Z"), SYDNEY)).toBe("2026-06-16");
  });

  it("begins at 06:00 also on the days on which clocks change", () => {
    expect(businessDay(new Date("2026-10-03T18:59:00Z"), SYDNEY)).toBe("2026-10-03"); // 05:59 summer time
    expect(businessDay(new Date("2026-10-03T19:00:00Z"), SYDNEY)).toBe("2026-10-04");
    expect(businessDay(new Date("2026-04-04T19:59:00Z"), SYDNEY)).toBe("2026-04-04");
    expect(businessDay(new Date("2026-04-04T20:00:00Z"), SYDNEY)).toBe("2026-04-05");
  });

  it("is a date that exists", () => {
    expect(["2026-02-28", "2028-02-29"].every(isDay)).toBe(true);
    expect(["2026-02-29", "2026-13-01", "2026-1-1", "yesterday", ""].some(isDay)).toBe(false);
  });
});

describe("calendars", () => {
  it("weeks begin on Monday", () => {
    expect(startOfWeek("2026-11-22")).toBe("2026-11-16"); // a Sunday
    expect(startOfWeek("2026-11-16")).toBe("2026-11-16");
  });

  it("a month's last day stands for one that the other month lacks", () => {
    expect(addMonths("2026-03-31", -1)).toBe("2026-02-28");
    expect(addMonths("2026-01-15", 13)).toBe("2027-02-15");
  });

  it("every preset is a range that ends no later than today", () => {
    for (let day = 1; day <= 28; day++) {
      const today = `2026-03-${String(day).padStart(2, "0")}`;
      for (const { range } of PRESETS) {
        const { since, until } = range(today);
        expect(isDay(since) && isDay(until) && since <= until && until <= today).toBe(true);
      }
    }
  });

  it("presets are what their names say", () => {
    const of = (name: string) => PRESETS.find((one) => one.name === name)?.range("2026-03-10");
    expect(of("yesterday")).toEqual({ since: "2026-03-09", until: "2026-03-09" });
    expect(of("7d")).toEqual({ since: "2026-03-04", until: "2026-03-10" });
    expect(of("last-week")).toEqual({ since: "2026-03-02", until: "2026-03-08" });
    expect(of("last-month")).toEqual({ since: "2026-02-01", until: "2026-02-28" });
    expect(of("3m")).toEqual({ since: "2025-12-11", until: "2026-03-10" });
  });
});
