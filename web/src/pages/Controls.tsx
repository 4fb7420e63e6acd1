import { useEffect, useState } from "preact/hooks";
import type { Dashboard, Result, Venue } from "../api/client";
import type { Choice, Comparison, Grain } from "../state/choice";
import { PRESETS } from "../state/dates";
import { announce } from "../ui/announce";
import { Checks, Field, Form, Select } from "../ui/form";

interface Props {
  readonly dashboard: Dashboard;
  readonly choice: Choice;
  readonly result: Result | null;
  readonly venues: readonly Venue[];
  readonly choose: (choice: Choice) => void;
}

const COMPARED: { value: Comparison; label: string }[] = [
  { value: "none", label: "Nothing" },
  { value: "previous_period", label: "Previous period" },
  { value: "previous_year", label: "Previous year" },
];

/** What a dashboard is asked: only what it heeds is offered. */
export function Controls({ dashboard, choice, result, venues, choose }: Props) {
  const heeds = (name: Dashboard["filters"][number]) => dashboard.filters.includes(name);
  const [custom, setCustom] = useState(choice.range === "custom");
  useEffect(() => setCustom(choice.range === "custom"), [choice.range]);
  const ranges = [
    { value: "usual", label: "As usual" },
    ...PRESETS.map(({ name, label }) => ({ value: name, label })),
    { value: "custom", label: "Dates…" },
  ];
  const grains = dashboard.grains.map((grain) => ({ value: grain, label: grain[0]?.toUpperCase() + grain.slice(1) }));
  const range = (value: string) => {
    setCustom(value === "custom");
    if (value !== "custom") choose({ ...choice, range: value, since: "", until: "" });
  };
  return (
    <section class="controls" aria-label="What is shown">
      {heeds("since") && (
        <Select label="Dates" value={custom ? "custom" : choice.range} options={ranges} change={range} />
      )}
      {custom && (
        <Dates
          since={choice.since || (result?.since ?? "")}
          until={choice.until || (result?.until ?? "")}
          choose={(since, until) => choose({ ...choice, range: "custom", since, until })}
        />
      )}
      {heeds("venue") && venues.length > 1 && <Venues venues={venues} choice={choice} choose={choose} />}
      {heeds("grain") && grains.length > 1 && (
        <Select<Grain>
          label="By"
          value={choice.grain ?? (dashboard.grains[0] as Grain)}
          options={grains}
          change={(grain) => choose({ ...choice, grain })}
        />
      )}
      {heeds("compare") && (
        <Select
          label="Compare with"
          value={choice.compare}
          options={COMPARED}
          change={(compare) => choose({ ...choice, compare })}
        />
      )}
      <button
        type="button"
        class="button"
        onClick={() => void navigator.clipboard.writeText(location.href).then(() => announce("The link is copied."))}
      >
        Copy link
      </button>
    </section>
  );
}

function Dates(props: { since: string; until: string; choose: (since: string, until: string) => void }) {
  const [since, setSince] = useState(props.since);
  const [until, setUntil] = useState(props.until);
  const wrong = since && until && since > until ? "The first day is after the last." : undefined;
  return (
    <Form class="dates" label="Dates" submit={() => !wrong && since && until && props.choose(since, until)}>
      <Field label="From" type="date" value={since} change={setSince} required error={wrong} />
      <Field label="To" type="date" value={until} change={setUntil} required />
      <button type="submit" class="button">
        Show
      </button>
    </Form>
  );
}

function Venues({ venues, choice, choose }: Pick<Props, "venues" | "choice" | "choose">) {
  const chosen = venues.filter(({ venue_id }) => choice.venues.includes(venue_id));
  const words = chosen.length === 0 ? "All venues" : chosen.length === 1 ? chosen[0]?.name : `${chosen.length} venues`;
  if (venues.length <= 6) {
    const options = [
      { value: "", label: "All venues" },
      ...venues.map(({ venue_id, name }) => ({ value: String(venue_id), label: name })),
      ...(chosen.length > 1
        ? [{ value: choice.venues.join(","), label: chosen.map(({ name }) => name).join(", ") }]
        : []),
    ];
    const pick = (value: string) => choose({ ...choice, venues: value ? value.split(",").map(Number) : [] });
    return <Select label="Venue" value={choice.venues.join(",")} options={options} change={pick} />;
  }
  return (
    <details class="drop">
      <summary>{words}</summary>
      <Checks
        legend="Venues"
        options={venues.map(({ venue_id, name }) => ({ value: venue_id, label: name }))}
        chosen={choice.venues}
        change={(next) => choose({ ...choice, venues: next })}
      />
    </details>
  );
}
