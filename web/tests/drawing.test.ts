import { describe, expect, it } from "vitest";
import type { Cell, Column, Panel } from "../src/api/client";
import { describe as inWords } from "../src/charts/describe";
import { BARS_AT_MOST, type Drawing, draw, drawHeat, type Facet, SERIES_AT_MOST } from "../src/charts/drawing";
import { bucketsOf, cutBuckets } from "../src/charts/table";
import { widths } from "../src/charts/widths";
import { sort } from "../src/ui/DataTable";

const WEEK = { since: "2026-11-16", until: "2026-11-22" };

function column(name: string, kind: Column["kind"], unit: string | null = null): Column {
  return { name, label: name, type: kind === "metric" ? "numeric(18,2)" : "text", unit, kind };
}

function panel(columns: Column[], rows: Cell[][], comparison: Cell[][] | null = null): Panel {
  return {
    name: "p",
    title: "P",
    chart: "line",
    unit: null,
    columns,
    rows,
    compared: comparison && { since: "2026-11-09", until: "2026-11-15" },
    comparison_rows: comparison,
    truncated: false,
    formats: ["csv", "parquet"],
  };
}

const DAY = column("metric_time__day", "time");
const SALES = column("sales", "metric", "AUD");
const SHARE = column("wage_percentage", "metric", "percent");
const VENUE = column("venue", "dimension");

describe("a line chart", () => {
  it("shows days without data as gaps, not as zeros, and not left out", () => {
    const drawing = draw(
      panel(
        [DAY, SALES],
        [
          ["2026-11-16", "5.00"],
          ["2026-11-19", "7.00"],
        ],
      ),
      WEEK,
      "day",
    );
    expect(drawing.facets[0]?.series[0]?.values).toEqual([5, null, null, 7, null, null, null]);
    expect(drawing.ticks[0]).toBe("16 Nov");
  });

  it("gives each unit a scale of its own", () => {
    const drawing = draw(panel([DAY, SALES, SHARE], [["2026-11-16", "5", "31"]]), WEEK, "day");
    expect(drawing.facets.map(({ unit, series }) => [unit, series.length])).toEqual([
      ["AUD", 1],
      ["percent", 1],
    ]);
  });

  it("lays the compared range under the same days, in the same colour", () => {
    const rows = [
      ["2026-11-16", "5"],
      ["2026-11-17", "6"],
    ];
    const before = [
      ["2026-11-09", "4"],
      [null, null],
    ];
    const [compared, own] = draw(panel([DAY, SALES], rows, before), WEEK, "day").facets[0]?.series ?? [];
    expect([compared?.compared, own?.compared]).toEqual([true, false]);
    expect(compared?.color).toBe(own?.color);
    expect(compared?.values.slice(0, 2)).toEqual([4, null]);
  });

  it("says with which days it compares, as the API does", () => {
    const rows = ["2026-11-16", "2026-11-17", "2026-11-18"].map((day) => [day, "5"]);
    const before = [
      ["2026-11-09", "4"],
      [null, null],
      ["2026-11-11", "6"],
    ]; // not every day has one
    const drawing = draw(panel([DAY, SALES], rows, before), WEEK, "day");
    expect(drawing.before.slice(0, 4)).toEqual(["Mon, 9 Nov 2026", "", "Wed, 11 Nov 2026", ""]);
    expect(draw(panel([VENUE, SALES], [["a", "5"]], [["a", "4"]]), WEEK, "day").before).toEqual([]);
  });

  it("names each of several scales, by the series where there is one", () => {
    const captions = (drawing: Drawing) => drawing.facets.map(({ caption }) => caption);
    expect(captions(draw(panel([DAY, SALES, SHARE], [["2026-11-16", "5", "31"]]), WEEK, "day"))).toEqual([
      "sales",
      "wage_percentage",
    ]);
    expect(captions(draw(panel([DAY, SALES], [["2026-11-16", "5"]]), WEEK, "day"))).toEqual([""]);
  });

  it("splits by a dimension, greatest first, and says what it leaves out", () => {
    const rows = Array.from({ length: 11 }, (_, index) => ["2026-11-16", `v${index}`, String(index)]);
    const drawing = draw(panel([DAY, VENUE, SALES], rows), WEEK, "day");
    expect(drawing.facets[0]?.series.length).toBe(SERIES_AT_MOST);
    expect(drawing.facets[0]?.series[0]?.name).toBe("v10");
    expect(drawing.omitted).toBe("8 of 11 series");
  });

  it("draws each currency on its own scale", () => {
    const columns = [DAY, column("currency_code", "dimension"), column("paid", "metric", "currency")];
    const drawing = draw(
      panel(columns, [
        ["2026-11-16", "GBP", "5"],
        ["2026-11-16", "USD", "6"],
      ]),
      WEEK,
      "day",
    );
    expect(drawing.facets.map(({ unit, caption }) => [unit, caption])).toEqual([
      ["USD", "USD"],
      ["GBP", "GBP"],
    ]);
    expect(drawing.facets.flatMap(({ series }) => series.map(({ name, color }) => [name, color]))).toEqual([
      ["paid", 0],
      ["paid", 0],
    ]);
  });

  it("is told in words", () => {
    const drawing = draw(
      panel(
        [DAY, SALES],
        [
          ["2026-11-16", "5.00"],
          ["2026-11-19", "7.00"],
        ],
      ),
      WEEK,
      "day",
    );
    expect(inWords("Sales", drawing, drawing.facets[0] as Facet)).toBe(
      "Chart: Sales. sales: highest $7.00 (Thu, 19 Nov 2026), lowest $5.00 (Mon, 16 Nov 2026).",
    );
  });
});

describe("a bar chart", () => {
  it("keeps the API's order and says what it leaves out", () => {
    const rows = Array.from({ length: 40 }, (_, index) => [`v${index}`, String(40 - index)]);
    const drawing = draw(panel([VENUE, SALES], rows), WEEK, "day");
    expect(drawing.ticks.slice(0, 2)).toEqual(["v0", "v1"]);
    expect(drawing.ticks.length).toBe(BARS_AT_MOST);
    expect(drawing.omitted).toBe("30 of 40 bars");
    expect(drawing.timed).toBe(false);
  });
});

describe("hours of the clock", () => {
  const HOUR = column("hour_of_day", "dimension");

  it("go from 06:00 to 05:00 in a heatmap, with the days downwards", () => {
    const rows = [
      ["2026-11-16", 6, "1"],
      ["2026-11-16", 23, "2"],
      ["2026-11-17", 2, "3"],
    ];
    const drawing = drawHeat(panel([DAY, HOUR, SALES], rows), "day");
    expect(drawing.columns).toEqual(["06:00", "23:00", "02:00"]);
    expect(drawing.lines).toEqual(["Mon, 16 Nov", "Tue, 17 Nov"]);
    expect(drawing.cells).toEqual([
      [0, 0, 1],
      [1, 0, 2],
      [2, 1, 3],
    ]);
  });

  it("stand side by side in a bar chart", () => {
    const rows = [
      [0, "1", "2"],
      [6, "3", "4"],
    ];
    const drawing = draw(panel([HOUR, SALES, column("wages", "metric", "AUD")], rows), WEEK, "day");
    expect(drawing.ticks).toEqual(["06:00", "00:00"]);
    expect(drawing.timed).toBe(true);
    expect(drawing.facets[0]?.series.map(({ values }) => values)).toEqual([
      [3, 1],
      [4, 2],
    ]);
  });
});

describe("amounts of several currencies", () => {
  it("never share a scale, however many metrics and names there are", () => {
    const columns = [column("payment_type", "dimension"), column("currency", "dimension")];
    const metrics = [column("made", "metric", "currency"), column("due", "metric", "currency")];
    const rows = [
      ["SALES", "GBP", "1", "2"],
      ["SALES", "USD", "3", "4"],
      ["REFUND", "GBP", "5", "6"],
    ];
    const drawing = draw(panel([...columns, ...metrics], rows), WEEK, "day");
    expect(drawing.ticks).toEqual(["SALES", "REFUND"]);
    expect(drawing.facets.map(({ unit, series }) => [unit, series.map(({ name, values }) => [name, values])])).toEqual([
      [
        "GBP",
        [
          ["made", [1, 5]],
          ["due", [2, 6]],
        ],
      ],
      [
        "USD",
        [
          ["made", [3, null]],
          ["due", [4, null]],
        ],
      ],
    ]);
  });
});

describe("buckets", () => {
  it("begin with the one that a range's first day is in", () => {
    expect(bucketsOf({ since: "2026-11-18", until: "2026-11-30" }, "week")).toEqual([
      "2026-11-16",
      "2026-11-23",
      "2026-11-30",
    ]);
    expect(bucketsOf({ since: "2025-12-15", until: "2026-02-01" }, "month")).toEqual([
      "2025-12-01",
      "2026-01-01",
      "2026-02-01",
    ]);
    expect(bucketsOf({ since: "2026-06-30", until: "2026-07-01" }, "quarter")).toEqual(["2026-04-01", "2026-07-01"]);
  });

  it("that a range cuts are told", () => {
    const cut = (since: string, until: string, grain: "day" | "week" | "month") => cutBuckets({ since, until }, grain);
    expect(cut("2026-11-16", "2026-11-29", "week")).toBe("");
    expect(cut("2026-11-17", "2026-11-29", "week")).toBe("Only part of the first week.");
    expect(cut("2026-11-16", "2026-11-28", "week")).toBe("Only part of the last week.");
    expect(cut("2026-10-02", "2026-12-30", "month")).toBe("Only part of the first and last month.");
    expect(cut("2026-11-17", "2026-11-18", "month")).toBe("Only part of this month.");
    expect(cut("2026-11-17", "2026-11-18", "day")).toBe("");
  });
});

describe("a sorted table", () => {
  it("sorts decimals as numbers, texts as texts, and what is empty last", () => {
    const order = (values: Cell[], down: boolean) => sort(values, (value) => value, down);
    expect(order(["9.50", "10.00", null, "-2"], false)).toEqual(["-2", "9.50", "10.00", null]);
    expect(order(["9.50", "10.00", null, "-2"], true)).toEqual(["10.00", "9.50", "-2", null]);
    expect(order(["Wine", "Beer", "10 Ale", "9 Ale"], false)).toEqual(["9 Ale", "10 Ale", "Beer", "Wine"]);
  });
});

describe("panels", () => {
  it("stand in pairs, and alone on a line where they have no partner", () => {
    const of = (chart: Panel["chart"], name: string) => ({ ...panel([DAY, SALES], []), chart, name });
    const placed = widths([
      of("number", "a"),
      of("line", "b"),
      of("bar", "c"),
      of("line", "d"),
      of("table", "e"),
      of("bar", "f"),
    ]);
    expect(placed.filter(({ wide }) => wide).map(({ panel: { name } }) => name)).toEqual(["a", "d", "e", "f"]);
  });

  it("take a whole line for several currencies, or for more bars than half a line holds", () => {
    const line = { ...panel([DAY, SALES], [["2026-11-16", "1"]]), name: "line" };
    const columns = [DAY, column("currency", "dimension"), column("paid", "metric", "currency")];
    const money = (...codes: string[]) =>
      panel(
        columns,
        codes.map((code) => ["2026-11-16", code, "1"]),
      );
    const bars = (count: number) => ({
      ...panel([DAY, SALES], Array(count).fill(["2026-11-16", "1"])),
      chart: "bar" as const,
    });
    const wide = (other: Panel) => widths([line, other]).some(({ wide }) => wide);
    expect([wide(money("GBP")), wide(money("GBP", "USD"))]).toEqual([false, true]);
    expect([wide(bars(60)), wide(bars(100))]).toEqual([false, true]);
  });
});
