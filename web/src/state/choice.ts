/** What a person chose to see of a dashboard, as the address bar holds it. */
import type { Query } from "../api/client";
import { type Day, isDay, PRESETS } from "./dates";

export const GRAINS = ["hour", "day", "week", "month", "quarter", "year"] as const;
export type Grain = (typeof GRAINS)[number];

export const COMPARISONS = ["none", "previous_period", "previous_year"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export interface Choice {
  /** A preset's name, `custom`, or `usual`: the dashboard's own. */
  readonly range: string;
  /** Only of a custom range. */
  readonly since: Day;
  readonly until: Day;
  /** Empty: all that the caller may see. */
  readonly venues: readonly number[];
  /** Null: the dashboard's own. */
  readonly grain: Grain | null;
  readonly compare: Comparison;
}

/** Read a choice from a route's parameters; what is missing or not valid is left to the dashboard. */
export function parseChoice(parameters: URLSearchParams, grains: readonly string[]): Choice {
  const since = parameters.get("since") ?? "";
  const until = parameters.get("until") ?? "";
  const custom = isDay(since) && isDay(until) && since <= until;
  const named = PRESETS.find(({ name }) => name === parameters.get("range"));
  const venues = parameters
    .getAll("venue")
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  return {
    range: custom ? "custom" : (named?.name ?? "usual"),
    since: custom ? since : "",
    until: custom ? until : "",
    venues: [...new Set(venues)].sort((a, b) => a - b),
    grain: GRAINS.find((one) => one === parameters.get("grain") && grains.includes(one)) ?? null,
    compare: COMPARISONS.find((one) => one === parameters.get("compare")) ?? "none",
  };
}

/** Return the route's parameters for a choice; `parseChoice` reads them back. */
export function choiceParameters(choice: Choice): URLSearchParams {
  const parameters = new URLSearchParams();
  if (choice.range === "custom") {
    parameters.set("since", choice.since);
    parameters.set("until", choice.until);
  } else if (choice.range !== "usual") parameters.set("range", choice.range);
  for (const venue of choice.venues) parameters.append("venue", String(venue));
  if (choice.grain) parameters.set("grain", choice.grain);
  if (choice.compare !== "none") parameters.set("compare", choice.compare);
  return parameters;
}

/** Return what the API is asked on a business day. */
export function queryOf(choice: Choice, today: Day): Query {
  const preset = PRESETS.find(({ name }) => name === choice.range);
  const range = preset ? preset.range(today) : { since: choice.since, until: choice.until };
  return {
    since: range.since || undefined,
    until: range.until || undefined,
    venue: choice.venues,
    grain: choice.grain ?? undefined,
    compare: choice.compare === "none" ? undefined : choice.compare,
  };
}
