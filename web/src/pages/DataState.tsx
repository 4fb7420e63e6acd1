import type { Result } from "../api/client";
import { formatMinutes, formatMoment } from "../format/time";
import { Badge } from "../ui/feedback";

/** How fresh the data is, and whether a gate holds newer data back. */
export function DataState({ result }: { result: Result }) {
  const late = result.freshness.filter(({ state }) => state === "late");
  const unknown = result.freshness.filter(({ state }) => state === "unknown");
  const blocked = result.gates.filter(({ state }) => state === "blocked");
  const oldest = result.freshness
    .map(({ as_of }) => as_of)
    .filter((at) => at !== null)
    .sort()[0];
  const gate = new Map(result.gates.map(({ dataset, state }) => [dataset, state]));
  return (
    <details class="data-state">
      <summary>
        {late.length > 0 ? (
          <Badge tone="warn">Late data</Badge>
        ) : unknown.length > 0 ? (
          <Badge tone="plain">Freshness unknown</Badge>
        ) : (
          <Badge tone="good">Fresh</Badge>
        )}
        {blocked.length > 0 && <Badge tone="bad">Held at the quality gate</Badge>}
        <span class="faint">{oldest ? `data as of ${formatMoment(oldest)}` : "no data yet"}</span>
      </summary>
      {blocked.length > 0 && (
        <p>
          New data of {blocked.map(({ dataset }) => dataset).join(", ")} did not pass its checks; what is shown is the
          last that did.
        </p>
      )}
      <ul class="plain">
        {result.freshness.map(({ dataset, as_of, promised_minutes, state }) => (
          <li key={dataset}>
            <code>{dataset}</code>{" "}
            <Badge tone={state === "fresh" ? "good" : state === "late" ? "warn" : "plain"}>{state}</Badge>{" "}
            {gate.get(dataset) === "blocked" && <Badge tone="bad">gate blocked</Badge>}{" "}
            <span class="faint">
              as of {formatMoment(as_of)}
              {promised_minutes !== null && `, promised within ${formatMinutes(promised_minutes)}`}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
