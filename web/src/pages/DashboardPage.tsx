import { useEffect } from "preact/hooks";
import type { Result } from "../api/client";
import { useApp } from "../app";
import { comparesWithNothing, cutBuckets } from "../charts/table";
import { widths } from "../charts/widths";
import { formatMoment, formatRange } from "../format/time";
import { type Choice, choiceParameters, parseChoice, queryOf } from "../state/choice";
import { businessDay, dayInUtc } from "../state/dates";
import { useResource } from "../state/resource";
import { href, navigate } from "../state/router";
import { announce } from "../ui/announce";
import { Note, ProblemNote, Running, Skeleton } from "../ui/feedback";
import { Controls } from "./Controls";
import { DataState } from "./DataState";
import { NotFound } from "./NotFound";
import { PanelView } from "./PanelView";

/** One dashboard: what is asked, how sound the data is, and the panels. */
export function DashboardPage({ name, parameters }: { name: string; parameters: URLSearchParams }) {
  const { client, dashboards, venues } = useApp();
  const dashboard = dashboards.find((one) => one.name === name);
  const choice = parseChoice(parameters, dashboard?.grains ?? []);
  const venue = venues.find(({ venue_id }) => choice.venues.includes(venue_id)) ?? venues[0];
  const now = new Date();
  const today = venue && dashboard?.filters.includes("venue") ? businessDay(now, venue.time_zone) : dayInUtc(now);
  const query = queryOf(choice, today);
  const path = `/dashboards/${encodeURIComponent(name)}`;
  const answer = useResource(path + JSON.stringify(query), async (signal, progress) =>
    dashboard ? client.ask<Result>(path, query, signal, progress) : null,
  );
  const result = answer.data;
  useEffect(() => {
    if (result && !answer.loading) announce(`${result.title}, ${formatRange(result.since, result.until)}, is shown.`);
  }, [result, answer.loading]);
  if (!dashboard) return <NotFound />;
  const choose = (next: Choice) => navigate(href(["dashboards", name], choiceParameters(next)), true);
  return (
    <>
      <h1 tabIndex={-1}>{dashboard.title}</h1>
      <p class="lead">{dashboard.description}</p>
      <Controls dashboard={dashboard} choice={choice} result={result} venues={venues} choose={choose} />
      {answer.problem && <ProblemNote problem={answer.problem} retry={answer.reload} />}
      {answer.running !== null && <Running seconds={answer.running} cancel={answer.cancel} />}
      {answer.loading && !result && answer.running === null && <Skeleton lines={6} label="Loading the dashboard" />}
      {!answer.loading && !result && !answer.problem && (
        <Note>
          Stopped.{" "}
          <button type="button" class="link" onClick={answer.reload}>
            Ask again
          </button>
        </Note>
      )}
      {result && !answer.problem && (
        <div class={answer.loading ? "stale" : ""} aria-busy={answer.loading}>
          <Meaning result={result} loading={answer.loading} />
          <DataState result={result} />
          <div class="panels">
            {widths(result.panels).map(({ panel, wide }) => (
              <PanelView key={panel.name} panel={panel} result={result} path={path} query={query} wide={wide} />
            ))}
          </div>
          <p class="faint">Computed {formatMoment(result.generated_at)}.</p>
        </div>
      )}
    </>
  );
}

/** Say what it is compared with: the days, where they are those of all panels. */
function against({ compare, panels }: Result): string {
  if (compare === "none") return "";
  const ranges = new Set(panels.map(({ compared }) => (compared ? formatRange(compared.since, compared.until) : "")));
  const [range] = ranges;
  if (ranges.size === 1 && range) return ` against ${range}`;
  return compare === "previous_year" ? " against the year before" : " against the period before";
}

function Meaning({ result, loading }: { result: Result; loading: boolean }) {
  const zones = [...new Set(result.venues.map(({ time_zone }) => time_zone))];
  const cut = cutBuckets(result, result.grain);
  return (
    <p class="meaning">
      {loading && "Loading; still shown is "}
      <strong>{formatRange(result.since, result.until)}</strong>
      {against(result)}
      {comparesWithNothing(result) && <>, of which nothing was recorded</>}
      {result.venues.length > 0 && <> · {result.venues.map(({ name }) => name).join(", ")}</>}
      <span class="faint">
        {" "}
        ·{" "}
        {zones.length > 0
          ? `business days from 06:00, ${zones.map((zone) => zone.replaceAll("_", " ")).join(", ")} time`
          : "days in UTC"}
        {cut && ` · ${cut}`}
      </span>
    </p>
  );
}
