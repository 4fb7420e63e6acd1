import { describe, expect, it } from "vitest";
import { type Choice, COMPARISONS, choiceParameters, GRAINS, parseChoice, queryOf } from "../src/state/choice";
import { PRESETS } from "../src/state/dates";
import { href, parseRoute } from "../src/state/router";

const read = (text: string) => parseChoice(new URLSearchParams(text), GRAINS);

describe("a choice in the address bar", () => {
  it("comes back as it was, whatever was chosen", () => {
    const ranges = [...PRESETS.map(({ name }) => name), "usual", "custom"];
    for (const range of ranges)
      for (const grain of [...GRAINS, null])
        for (const compare of COMPARISONS)
          for (const venues of [[], [1], [1, 2, 40]]) {
            const custom = range === "custom";
            const choice: Choice = {
              range,
              since: custom ? "2026-02-01" : "",
              until: custom ? "2026-02-28" : "",
              venues,
              grain,
              compare,
            };
            expect(read(choiceParameters(choice).toString())).toEqual(choice);
          }
  });

  it("is the dashboard's own where it is not valid", () => {
    const usual = { range: "usual", since: "", until: "", venues: [], grain: null, compare: "none" };
    expect(read("since=2026-02-30&until=2026-03-01")).toEqual(usual);
    expect(read("since=2026-03-02&until=2026-03-01")).toEqual(usual);
    expect(read("range=forever&grain=minute&compare=all&venue=x&venue=-1&venue=1.5")).toEqual(usual);
    expect(parseChoice(new URLSearchParams("grain=hour"), ["day"]).grain).toBe(null);
  });

  it("asks for dates, and leaves out what the dashboard decides", () => {
    expect(queryOf(read("range=7d&venue=2&venue=1&compare=previous_year"), "2026-11-21")).toEqual({
      since: "2026-11-15",
      until: "2026-11-21",
      venue: [1, 2],
      grain: undefined,
      compare: "previous_year",
    });
    expect(queryOf(read(""), "2026-11-21").since).toBeUndefined();
  });
});

describe("a route", () => {
  it("comes back as it was", () => {
    const path = ["users", "a/b?c#d é"];
    const parameters = new URLSearchParams({ search: "a&b=c", role: "admin" });
    const route = parseRoute(href(path, parameters));
    expect(route.path).toEqual(path);
    expect(route.parameters.toString()).toBe(parameters.toString());
  });

  it("is no error where the address is broken", () => {
    expect(parseRoute("#/%E0%A4%A").path).toEqual(["%E0%A4%A"]);
    expect(parseRoute("").path).toEqual([]);
  });
});
