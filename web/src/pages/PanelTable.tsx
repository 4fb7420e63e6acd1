import type { Cell, Column, Panel, Result } from "../api/client";
import { timeLabel } from "../charts/drawing";
import { grainOf, type Pair, pairs, unitOf } from "../charts/table";
import { formatChange, formatNumber } from "../format/numbers";
import { DataTable, type TableColumn } from "../ui/DataTable";

/** A panel's rows; beside each number what it was in the compared range, and how it changed. */
export function PanelTable({ panel, result }: { panel: Panel; result: Result }) {
  const columns = panel.columns.flatMap((column, index) => columnsOf(column, index, panel, result));
  return <DataTable caption={panel.title} columns={columns} rows={pairs(panel)} keyOf={(_, index) => String(index)} />;
}

function columnsOf(column: Column, index: number, panel: Panel, result: Result): TableColumn<Pair>[] {
  const { name, label, kind, decimals } = column;
  const unit = ({ row }: Pair) => unitOf(column, panel, row);
  const value = ({ row }: Pair): Cell => row[index] ?? null;
  if (kind !== "metric") return [{ name, label, value, show: (pair) => word(value(pair), column, result.grain) }];
  const own = {
    name,
    label,
    numeric: true,
    value,
    show: (pair: Pair) => formatNumber(value(pair), unit(pair), decimals),
  };
  if (!panel.comparison_rows) return [own];
  const before = ({ before: row }: Pair): Cell => row?.[index] ?? null;
  return [
    own,
    {
      name: `${name} before`,
      label: "before",
      of: label,
      numeric: true,
      value: before,
      show: (pair) => formatNumber(before(pair), unit(pair), decimals),
    },
    {
      name: `${name} change`,
      label: "change",
      of: label,
      numeric: true,
      show: (pair) => formatChange(value(pair), before(pair), unit(pair)) ?? "–",
    },
  ];
}

function word(value: Cell, column: Column, grain: string): string {
  if (value === null) return "–";
  const text = String(value);
  if (column.kind !== "time") return text;
  return timeLabel(text, grainOf(column, grain));
}
