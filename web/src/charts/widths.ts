/** Which panels take a whole line, and which stand in pairs. */
import type { Panel } from "../api/client";
import { rolesOf } from "./table";

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
  const units = new Set(metrics.map((index) => panel.columns[index]?.unit));
  return ["table", "heatmap", "number"].includes(panel.chart) || units.size > 1;
}
