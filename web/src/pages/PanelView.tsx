import { useMemo, useState } from "preact/hooks";
import type { Panel, Query, Result } from "../api/client";
import { Chart } from "../charts/Chart";
import { describe } from "../charts/describe";
import { type Drawing, draw, drawHeat, type Facet } from "../charts/drawing";
import { chartOptions, heatHeight, heatOptions, heightOf, type Kind } from "../charts/options";
import type { Palette } from "../charts/palette";
import { unitLabel } from "../format/numbers";
import { formatRange } from "../format/time";
import { Downloads } from "./Downloads";
import { PanelTable } from "./PanelTable";
import { Tiles } from "./Tiles";

interface Props {
  readonly panel: Panel;
  readonly result: Result;
  readonly path: string;
  readonly query: Query;
  readonly wide: boolean;
}

/** One panel: as a chart or as a table, to download, and with the SQL where the caller may see it. */
export function PanelView({ panel, result, path, query, wide }: Props) {
  const drawn = panel.chart !== "table" && panel.chart !== "number";
  const [table, setTable] = useState(!drawn);
  const sql = result.sql?.filter((one) => one.panel === panel.name) ?? [];
  const unit = drawn && panel.unit ? unitLabel(panel.unit, panel.title) : "";
  return (
    <section class={wide ? "panel wide" : "panel"} aria-labelledby={`panel-${panel.name}`}>
      <header>
        <h2 id={`panel-${panel.name}`}>
          {panel.title} {unit && <span class="faint">{unit}</span>}
        </h2>
        <div class="tools">
          {drawn && panel.rows.length > 0 && (
            <button type="button" class="button quiet" aria-pressed={table} onClick={() => setTable(!table)}>
              Table
            </button>
          )}
          <Downloads path={`${path}/panels/${encodeURIComponent(panel.name)}/download`} query={query} panel={panel} />
        </div>
      </header>
      {panel.rows.length === 0 ? (
        <p class="empty faint">Nothing was recorded in these days.</p>
      ) : panel.chart === "number" ? (
        <Tiles panel={panel} />
      ) : table ? (
        <PanelTable panel={panel} result={result} />
      ) : panel.chart === "heatmap" ? (
        <Heat panel={panel} result={result} />
      ) : (
        <Lines panel={panel} kind={panel.chart as Kind} result={result} />
      )}
      {panel.truncated && <p class="faint">There are more rows than are shown: the download has them all.</p>}
      {sql.map(({ dialect, sql: text }) => (
        <details key={dialect} class="sql">
          <summary>SQL ({dialect === "athena" ? "Athena" : "PostgreSQL"})</summary>
          <pre tabIndex={0}>
            <code>{text}</code>
          </pre>
        </details>
      ))}
    </section>
  );
}

function Lines({ panel, kind, result }: { panel: Panel; kind: Kind; result: Result }) {
  const drawing = useMemo(() => draw(panel, result, result.grain), [panel, result]);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const { facets, omitted } = drawing;
  return (
    <>
      <Legend panel={panel} drawing={drawing} kind={kind} hidden={hidden} setHidden={setHidden} />
      <div class="facets">
        {facets.map((facet) => (
          <OneFacet key={facet.unit} panel={panel} drawing={drawing} facet={facet} kind={kind} hidden={hidden} />
        ))}
      </div>
      {omitted && <p class="faint">Drawn are {omitted}; the table has all.</p>}
    </>
  );
}

interface FacetProps {
  readonly panel: Panel;
  readonly drawing: Drawing;
  readonly facet: Facet;
  readonly kind: Kind;
  readonly hidden: ReadonlySet<string>;
}

function OneFacet({ panel, drawing, facet, kind, hidden }: FacetProps) {
  const options = useMemo(
    () => (palette: Palette) => chartOptions(drawing, facet, kind, palette, hidden),
    [drawing, facet, kind, hidden],
  );
  return (
    <figure>
      {facet.caption && <figcaption>{facet.caption}</figcaption>}
      <Chart label={describe(panel.title, drawing, facet)} height={heightOf(drawing, facet, kind)} options={options} />
    </figure>
  );
}

function Heat({ panel, result }: { panel: Panel; result: Result }) {
  const drawing = useMemo(() => drawHeat(panel, result.grain), [panel, result]);
  const options = useMemo(() => (palette: Palette) => heatOptions(drawing, palette), [drawing]);
  const label = `Heatmap: ${panel.title}. ${drawing.lines.length} lines, ${drawing.columns.length} columns. The table has every number.`;
  return <Chart label={label} height={heatHeight(drawing)} options={options} />;
}

interface LegendProps {
  readonly panel: Panel;
  readonly drawing: Drawing;
  readonly kind: Kind;
  readonly hidden: ReadonlySet<string>;
  readonly setHidden: (hidden: ReadonlySet<string>) => void;
}

function Legend({ panel, drawing: { facets }, kind, hidden, setHidden }: LegendProps) {
  const all = facets.flatMap(({ series }) => series);
  const own = new Map(all.flatMap((one) => (one.compared ? [] : [[one.name, one.color] as const])));
  const named = facets.some(({ series }) => series.filter(({ compared }) => !compared).length > 1); // else a title says it
  const compared = all.some((one) => one.compared) && panel.compared;
  if (!named && !compared) return null;
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <ul class="legend" aria-label="Series">
      {named &&
        [...own].map(([name, color]) => (
          <li key={name}>
            <button type="button" aria-pressed={!hidden.has(name)} onClick={() => toggle(name)}>
              <i class={`mark mark-${(color % 8) + 1}`} aria-hidden="true" />
              {name}
            </button>
          </li>
        ))}
      {compared && (
        <li class="faint">
          <i class={kind === "line" ? "mark before" : "mark pale"} aria-hidden="true" />{" "}
          {kind === "line" ? "dashed" : "pale"}: {formatRange(compared.since, compared.until)}
        </li>
      )}
    </ul>
  );
}
