/** A chart in words, for those who do not see it; the table beside it has every number. */
import { formatNumber } from "../format/numbers";
import type { Drawing, Facet } from "./drawing";

/** Return a sentence for each series of a facet: where it is highest and lowest. */
export function describe(title: string, { labels }: Drawing, { series, unit, caption }: Facet): string {
  const sentences = series
    .filter(({ compared }) => !compared)
    .map(({ name, values }) => {
      const known = values.flatMap((value, index) => (value === null ? [] : [{ value, label: labels[index] }]));
      if (known.length === 0) return `${name}: no data.`;
      const highest = known.reduce((a, b) => (b.value > a.value ? b : a));
      const lowest = known.reduce((a, b) => (b.value < a.value ? b : a));
      const at = (one: typeof highest) => `${formatNumber(one.value, unit)} (${one.label})`;
      return known.length === 1 ? `${name}: ${at(highest)}.` : `${name}: highest ${at(highest)}, lowest ${at(lowest)}.`;
    });
  return `Chart: ${[title, caption].filter(Boolean).join(", ")}. ${sentences.join(" ")}`;
}
