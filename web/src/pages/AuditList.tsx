import type { AuditEntry, Page, Query } from "../api/client";
import { useApp } from "../app";
import { formatMoment } from "../format/time";
import { useResource } from "../state/resource";
import { href } from "../state/router";
import { DataTable, type TableColumn } from "../ui/DataTable";
import { ProblemNote, Skeleton } from "../ui/feedback";
import { useSubmission } from "../ui/form";
import { useVenueNames } from "./UserParts";
import { words } from "./words";

/** What was done, the newest first, page by page. */
export function AuditList({ path, query, subjects }: { path: string; query: Query; subjects?: boolean }) {
  const { client, me } = useApp();
  const page = (cursor?: string) => client.get<Page<AuditEntry>>(path, { ...query, limit: 50, cursor });
  const entries = useResource(path + JSON.stringify(query), () => page());
  const more = useSubmission();
  const who = (id: string, name: string | null) => {
    if (id === me.data.id) return "You";
    if (name !== null) return <a href={href(["users", id])}>{name}</a>;
    return /^[0-9a-f]{8}-/.test(id) ? <code>{id}</code> : words(id); // an account that is nobody's, or a program
  };
  const columns: TableColumn<AuditEntry>[] = [
    { name: "at", label: "When", value: ({ at }) => at, show: ({ at }) => formatMoment(at) },
    { name: "actor", label: "Who", value: ({ actor }) => actor, show: (entry) => who(entry.actor, entry.actor_name) },
    { name: "action", label: "What", value: ({ action }) => action, show: ({ action }) => words(action) },
    ...(subjects
      ? [{ name: "subject", label: "Whom", show: (entry: AuditEntry) => who(entry.subject, entry.subject_name) }]
      : []),
    { name: "change", label: "Change", show: (entry) => <Change entry={entry} /> },
    {
      name: "request",
      label: "Request",
      show: ({ request_id }) => <code title={request_id}>{request_id.slice(0, 8)}</code>,
    },
  ];
  if (entries.problem) return <ProblemNote problem={entries.problem} retry={entries.reload} />;
  if (!entries.data) return <Skeleton label="Loading the audit trail" />;
  const next = entries.data.next_cursor;
  const show = (cursor: string) =>
    more.run(async () => {
      const another = await page(cursor);
      entries.set({ items: [...(entries.data?.items ?? []), ...another.items], next_cursor: another.next_cursor });
    });
  return (
    <>
      <DataTable
        caption="Audit trail"
        columns={columns}
        rows={entries.data.items}
        keyOf={({ at, action }, index) => `${at}${action}${index}`}
      />
      {more.problem && <ProblemNote problem={more.problem} />}
      {next && (
        <button type="button" class="button more" disabled={more.busy} onClick={() => void show(next)}>
          Show more
        </button>
      )}
    </>
  );
}

function Change({ entry }: { entry: AuditEntry }) {
  const before = (entry.before ?? {}) as Record<string, unknown>;
  const after = (entry.after ?? {}) as Record<string, unknown>;
  const venueNames = useVenueNames();
  const text = (field: string, value: unknown) =>
    field === "venues" && (value === null || Array.isArray(value)) ? venueNames(value) : plain(value);
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]),
  );
  return (
    <ul class="plain">
      {fields.map((field) => (
        <li key={field}>
          {words(field)}: {field in before && <del>{text(field, before[field])}</del>}{" "}
          {field in after && <ins>{text(field, after[field])}</ins>}
        </li>
      ))}
    </ul>
  );
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return Array.isArray(value)
    ? value.join(", ") || "none"
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}
