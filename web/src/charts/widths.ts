/** Which panels take a whole line, and which stand in pairs. */
import type { Column, Panel } from "../api/client";
import { rolesOf, unitOf } from "./table";

const BARS_IN_HALF = 80; // more are too thin

/** Return the panels in their order, each with whether it takes a whole line: also one that has no partner does. */
export function widths(panels: readonly Panel[]): { panel: Panel; wide: boolean }[] {
  const placed = panels.map((panel) => ({ panel, wide: needsRoom(panel) }));
  let waiting: { wide: boolean } | null = null;
  for (const one of placed) {
    if (waiting && one.wide) waiting.wide = true;
    waiting = one.wide || waiting ? null : one;
  }
  if (waiting) waiting.wide = true;
  return placed;
}

function needsRoom(panel: Panel): boolean {
  const { metrics } = rolesOf(panel.columns);
  const units = new Set(
    metrics.flatMap((index) => panel.rows.map((row) => unitOf(panel.columns[index] as Column, panel, row))),
  );
  const bars = panel.chart === "bar" ? panel.rows.length * metrics.length * (panel.comparison_rows ? 2 : 1) : 0;
  return ["table", "heatmap", "number"].includes(panel.chart) || units.size > 1 || bars > BARS_IN_HALF;
}
