import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Cell } from "../api/client";
import { toNumber } from "../format/numbers";

export interface TableColumn<Row> {
  readonly name: string;
  readonly label: string;
  /** What the label is of, where it says so little that only a screen reader needs to hear it. */
  readonly of?: string;
  readonly numeric?: boolean;
  /** What to sort by; without it, the column cannot be sorted. */
  readonly value?: (row: Row) => Cell;
  readonly show: (row: Row) => ComponentChildren;
}

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, index: number) => string;
  readonly empty?: string;
}

const AT_FIRST = 100; // rows

/** A table that sorts by its headers and scrolls in its own frame, also by keyboard. */
export function DataTable<Row>({ caption, columns, rows, keyOf, empty = "Nothing to show." }: Props<Row>) {
  const [order, setOrder] = useState<{ name: string; down: boolean } | null>(null);
  const [all, setAll] = useState(false);
  const sorted = order ? sort(rows, columns.find(({ name }) => name === order.name)?.value, order.down) : rows;
  const shown = all ? sorted : sorted.slice(0, AT_FIRST);
  const press = (column: TableColumn<Row>) =>
    setOrder(
      order?.name === column.name
        ? order.down === !!column.numeric
          ? { name: column.name, down: !order.down }
          : null
        : { name: column.name, down: !!column.numeric },
    );
  if (rows.length === 0) return <p class="faint empty">{empty}</p>;
  return (
    <section class="table-frame" aria-label={`${caption}, table`} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                class={column.numeric ? "number" : ""}
                aria-sort={order?.name === column.name ? (order.down ? "descending" : "ascending") : undefined}
              >
                {column.value ? (
                  <button type="button" onClick={() => press(column)}>
                    <Label column={column} />
                    <span aria-hidden="true">{order?.name === column.name ? (order.down ? " ↓" : " ↑") : ""}</span>
                  </button>
                ) : (
                  <Label column={column} />
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr key={keyOf(row, index)}>
              {columns.map((column) => (
                <td key={column.name} class={column.numeric ? "number" : ""}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > shown.length && (
        <button type="button" class="button more" onClick={() => setAll(true)}>
          Show all {sorted.length} rows
        </button>
      )}
    </section>
  );
}

function Label<Row>({ column }: { column: TableColumn<Row> }) {
  return (
    <>
      {column.of && <span class="unseen">{column.of}, </span>}
      {column.label}
    </>
  );
}

/** Sort numbers as numbers, the rest as texts, and what is empty last. */
export function sort<Row>(
  rows: readonly Row[],
  value: ((row: Row) => Cell) | undefined,
  down: boolean,
): readonly Row[] {
  if (!value) return rows;
  const sign = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const [left, right] = [toNumber(a), toNumber(b)];
    if (left !== null && right !== null) return sign * (left - right);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  });
}
