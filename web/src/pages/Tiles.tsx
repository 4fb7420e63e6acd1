import type { Panel } from "../api/client";
import { pairs, rolesOf, unitOf } from "../charts/table";
import { formatChange, formatNumber } from "../format/numbers";

/** Numbers at a glance, each with how it changed. */
export function Tiles({ panel }: { panel: Panel }) {
  const { times, dimensions, metrics } = rolesOf(panel.columns);
  const joined = pairs(panel);
  return (
    <dl class="tiles">
      {joined.flatMap(({ row, before }) =>
        metrics.map((index) => {
          const column = panel.columns[index];
          if (!column) return null;
          const unit = unitOf(column, panel, row);
          const value = row[index] ?? null;
          const change = before && formatChange(value, before[index] ?? null, unit);
          const of = [...times, ...dimensions].map((place) => row[place]).join(", ");
          return (
            <div key={`${of} ${column.name}`}>
              <dt>
                {column.label}
                {of && <span class="faint"> {of}</span>}
              </dt>
              <dd>{formatNumber(value, unit, column.decimals)}</dd>
              {before && (
                <dd class="change">
                  {change && (
                    <strong>
                      <span aria-hidden="true">{change.startsWith("+") ? "▲" : /^[-−]/.test(change) ? "▼" : "="}</span>{" "}
                      {change}
                    </strong>
                  )}{" "}
                  from {formatNumber(before[index] ?? null, unit, column.decimals)}
                </dd>
              )}
            </div>
          );
        }),
      )}
    </dl>
  );
}
