import type { DatasetHealth } from "../api/client";
import { useApp } from "../app";
import { formatNumber } from "../format/numbers";
import { formatMinutes, formatMoment } from "../format/time";
import { useResource } from "../state/resource";
import { DataTable, type TableColumn } from "../ui/DataTable";
import { Badge, ProblemNote, Skeleton } from "../ui/feedback";

const STAGES = [
  { stage: "landing", title: "Landing", meaning: "what the sources sent" },
  { stage: "curated", title: "Curated", meaning: "checked tables in the lake" },
  { stage: "warehouse", title: "Warehouse", meaning: "the stars" },
] as const;

const COLUMNS: readonly TableColumn<DatasetHealth>[] = [
  { name: "name", label: "Dataset", value: ({ name }) => name, show: ({ name }) => <code>{name}</code> },
  {
    name: "state",
    label: "Freshness",
    value: ({ freshness_minutes }) => freshness_minutes,
    show: ({ state, freshness_minutes, promised_minutes, last_batch_at }) => (
      <>
        <Badge tone={state === "fresh" ? "good" : state === "late" ? "bad" : "plain"}>{state}</Badge>{" "}
        <span class="faint" title={`Last batch: ${formatMoment(last_batch_at)}`}>
          {freshness_minutes !== null && formatMinutes(freshness_minutes)}
          {promised_minutes !== null && ` of ${formatMinutes(promised_minutes)}`}
        </span>
      </>
    ),
  },
  {
    name: "gate",
    label: "Gate",
    value: ({ gate }) => gate,
    show: ({ gate }) => (gate === "none" ? "–" : <Badge tone={gate === "passed" ? "good" : "bad"}>{gate}</Badge>),
  },
  {
    name: "quarantined",
    label: "Quarantined",
    numeric: true,
    value: ({ quarantined_rows }) => quarantined_rows,
    show: ({ quarantined_rows }) => formatNumber(quarantined_rows, "count"),
  },
  {
    name: "reconciled",
    label: "Reconciled",
    value: ({ reconciled }) => reconciled,
    show: ({ reconciled }) =>
      reconciled === "none" ? "–" : <Badge tone={reconciled === "equal" ? "good" : "bad"}>{reconciled}</Badge>,
  },
  {
    name: "run",
    label: "Last run",
    value: ({ last_run }) => last_run?.state ?? null,
    show: ({ last_run }) => (last_run ? <Run run={last_run} /> : "–"),
  },
];

/** Whether data keeps what its contracts promise, stage by stage. */
export function DataHealthPage() {
  const { client, config } = useApp();
  const health = useResource("data-health", (signal) =>
    client.get<{ datasets: DatasetHealth[] }>("/data-health", undefined, signal),
  );
  const datasets = health.data?.datasets ?? [];
  return (
    <>
      <div class="title">
        <h1 tabIndex={-1}>Data health</h1>
        {config.airflow_url && (
          <a class="button" href={config.airflow_url} target="_blank" rel="noopener noreferrer">
            Open Airflow ↗
          </a>
        )}
        <button type="button" class="button" disabled={health.loading} onClick={health.reload}>
          Refresh
        </button>
      </div>
      <p class="lead">How old each dataset is, of what its contract allows, and what was found in it.</p>
      {health.problem && <ProblemNote problem={health.problem} retry={health.reload} />}
      {health.loading && !health.data && <Skeleton lines={6} label="Loading data health" />}
      {health.data && (
        <>
          <Summary datasets={datasets} />
          {STAGES.map(({ stage, title, meaning }) => (
            <section key={stage} class="panel wide" aria-labelledby={`stage-${stage}`}>
              <h2 id={`stage-${stage}`}>
                {title} <span class="faint">{meaning}</span>
              </h2>
              <DataTable
                caption={title}
                columns={COLUMNS}
                rows={datasets.filter((one) => one.stage === stage)}
                keyOf={({ name }) => name}
                empty="No dataset here yet."
              />
            </section>
          ))}
        </>
      )}
    </>
  );
}

function Summary({ datasets }: { datasets: readonly DatasetHealth[] }) {
  const count = (is: (one: DatasetHealth) => boolean) => datasets.filter(is).length;
  const tiles = [
    { label: "Datasets", value: datasets.length, bad: false },
    { label: "Late", value: count(({ state }) => state === "late"), bad: true },
    { label: "Held at the gate", value: count(({ gate }) => gate === "blocked"), bad: true },
    { label: "With quarantined rows", value: count(({ quarantined_rows }) => quarantined_rows > 0), bad: false },
    { label: "Not reconciled", value: count(({ reconciled }) => reconciled === "different"), bad: true },
  ];
  return (
    <dl class="tiles summary">
      {tiles.map(({ label, value, bad }) => (
        <div key={label} class={bad && value > 0 ? "bad" : ""}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Run({ run }: { run: NonNullable<DatasetHealth["last_run"]> }) {
  const tone = run.state === "success" ? "good" : run.state === "failed" ? "bad" : "plain";
  const safe = /^https?:\/\//.test(run.url);
  return (
    <>
      <Badge tone={tone}>{run.state === "success" ? <span class="unseen">success</span> : run.state}</Badge>{" "}
      {safe ? (
        <a href={run.url} target="_blank" rel="noopener noreferrer" title={run.run_id}>
          {run.dag_id} ↗
        </a>
      ) : (
        run.dag_id
      )}
    </>
  );
}
