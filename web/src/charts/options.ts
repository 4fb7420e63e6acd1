/** ECharts' options for a drawing. */
import type { EChartsOption, SeriesOption } from "echarts";
import { formatNumber, formatShort } from "../format/numbers";
import type { Drawing, Facet, HeatDrawing, Series } from "./drawing";
import type { Palette } from "./palette";
import { tooltip } from "./tooltip";

export type Kind = "line" | "bar" | "stacked_bar";

const STANDING = 236; // pixels, the axis included
const AXIS = 34;
const BAR = 26;
const FONT = { fontFamily: "system-ui, sans-serif", fontSize: 12 };
const PLACE = { outerBoundsMode: "same", outerBoundsContain: "axisLabel" } as const; // as much as the labels need

/** Return how high the chart of one facet is, in pixels. */
export function heightOf(drawing: Drawing, facet: Facet, kind: Kind): number {
  return lying(drawing, kind) ? drawing.ticks.length * barHeight(facet, kind) + AXIS : STANDING;
}

/** Return the options of one facet's line or bar chart; `hidden` series, by name, are left out. */
export function chartOptions(
  drawing: Drawing,
  facet: Facet,
  kind: Kind,
  palette: Palette,
  hidden: ReadonlySet<string>,
): EChartsOption {
  const across = lying(drawing, kind);
  const series = facet.series.filter(({ name }) => !hidden.has(name));
  const label = { ...FONT, color: palette.muted, hideOverlap: true };
  const unit = facet.caption === facet.unit ? "" : facet.unit; // the caption says it
  const values = {
    type: "value" as const,
    splitNumber: 4,
    axisLabel: { ...label, formatter: (value: number) => formatShort(value, unit) },
    splitLine: { lineStyle: { color: palette.line } },
  };
  const names = {
    type: "category" as const,
    data: [...drawing.ticks],
    inverse: across,
    boundaryGap: kind !== "line",
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette.line }, onZero: !across },
    axisLabel: { ...label, ...(across ? { width: 130, overflow: "truncate" as const, interval: 0 } : { margin: 12 }) },
  };
  return {
    animation: false,
    textStyle: FONT,
    grid: { ...PLACE, top: 10, bottom: 4, left: 0, right: 16 },
    xAxis: across ? values : names,
    yAxis: across ? names : values,
    tooltip: {
      trigger: "axis",
      ...tip(palette),
      axisPointer: { type: kind === "line" ? "line" : "shadow", lineStyle: { color: palette.muted } },
      formatter: (given: unknown) => {
        const index = (Array.isArray(given) ? given[0] : given).dataIndex as number;
        return tooltip(drawing.labels[index] ?? "", lines(series, index, drawing.before[index] || "before", palette));
      },
    },
    series: series.map((one) => seriesOption(one, kind, palette)),
  } as EChartsOption;
}

/** Return the options of a heatmap. */
export function heatOptions(drawing: HeatDrawing, palette: Palette): EChartsOption {
  const values = drawing.cells.map(([, , value]) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
  const label = { ...FONT, color: palette.muted, hideOverlap: true };
  const axis = (data: readonly string[]) => ({
    type: "category" as const,
    data: [...data],
    axisTick: { show: false },
    axisLine: { show: false },
    axisLabel: label,
  });
  return {
    animation: false,
    textStyle: FONT,
    grid: { ...PLACE, top: 8, left: 0, right: 16, bottom: 36 },
    xAxis: axis(drawing.columns),
    yAxis: { ...axis(drawing.lines), inverse: true },
    visualMap: {
      min: low,
      max: high,
      calculable: false,
      text: [formatShort(high, drawing.unit), formatShort(low, drawing.unit)],
      orient: "horizontal",
      left: 0,
      bottom: 0,
      itemWidth: 12,
      itemHeight: 120,
      inRange: { color: [...palette.heat] },
      textStyle: { ...FONT, color: palette.muted },
    },
    tooltip: {
      ...tip(palette),
      formatter: (given: unknown) => {
        const [column, line, value] = (given as { value: [number, number, number] }).value;
        const text = formatNumber(value, drawing.unit);
        return tooltip(`${drawing.lines[line]}, ${drawing.columns[column]}`, [{ name: drawing.name, text, color: "" }]);
      },
    },
    series: [
      {
        type: "heatmap",
        data: drawing.cells.map((cell) => [...cell]),
        itemStyle: { borderColor: palette.surface, borderWidth: 1 },
      },
    ],
  } as EChartsOption;
}

function tip(palette: Palette) {
  const { surface, line, text } = palette;
  return {
    confine: true,
    className: "chart-tip",
    padding: 0,
    backgroundColor: surface,
    borderColor: line,
    textStyle: { ...FONT, color: text },
  };
}

/** Return how high a heatmap is, in pixels. */
export function heatHeight(drawing: HeatDrawing): number {
  return Math.max(160, drawing.lines.length * 24 + 80);
}

/** Names lie on their side: a product's name is longer than a column is wide. */
function lying(drawing: Drawing, kind: Kind): boolean {
  return !drawing.timed && kind !== "line" && drawing.ticks.length > 1;
}

function barHeight({ series }: Facet, kind: Kind): number {
  return kind === "stacked_bar" ? BAR : BAR + (series.length - 1) * 12;
}

function seriesOption(series: Series, kind: Kind, palette: Palette): SeriesOption {
  const color = palette.series[series.color % palette.series.length] as string;
  const shown = { name: series.name, data: [...series.values] };
  if (kind === "line")
    return {
      ...shown,
      type: "line",
      symbol: "circle",
      symbolSize: 5,
      showSymbol: series.values.length < 45,
      itemStyle: { color, opacity: series.compared ? 0.45 : 1 },
      lineStyle: {
        color,
        width: series.compared ? 1.5 : 2,
        type: series.compared ? "dashed" : "solid",
        opacity: series.compared ? 0.55 : 1,
      },
      z: series.compared ? 1 : 2,
    };
  return {
    ...shown,
    type: "bar",
    ...(kind === "stacked_bar" ? { stack: series.compared ? "before" : "now" } : {}),
    barMaxWidth: 28,
    barGap: "12%",
    itemStyle: { color, opacity: series.compared ? 0.35 : 1, borderRadius: kind === "stacked_bar" ? 0 : 2 },
  };
}

function lines(series: readonly Series[], index: number, before: string, palette: Palette) {
  return [...series]
    .sort((a, b) => a.color - b.color || Number(a.compared) - Number(b.compared))
    .map((one) => ({
      name: one.compared ? `${one.name}, ${before}` : one.name,
      text: formatNumber(one.values[index] ?? null, one.unit),
      color: palette.series[one.color % palette.series.length] as string,
      faint: one.compared,
    }));
}
