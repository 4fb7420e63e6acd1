import type { EChartsOption } from "echarts";
import type { EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { onThemeChange } from "../state/theme";
import { currentPalette, type Palette } from "./palette";

interface Props {
  readonly label: string;
  readonly height: number;
  readonly options: (palette: Palette) => EChartsOption;
}

/** A canvas that follows its width, its options and the theme; a screen reader gets `label` in its place. */
export function Chart({ label, height, options }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef(options);
  latest.current = options;
  const [ready, setReady] = useState(false);
  useEffect(() => {
    let gone = false;
    let stop = () => {};
    void import("./echarts").then(({ init }) => {
      if (gone || !place.current) return;
      const made = init(place.current, null, { renderer: "canvas" });
      const redraw = () => made.setOption(latest.current(currentPalette()), { notMerge: true });
      const sized = new ResizeObserver(() => made.resize());
      sized.observe(place.current);
      const unthemed = onThemeChange(redraw);
      chart.current = made;
      stop = () => {
        sized.disconnect();
        unthemed();
        made.clear();
        afterFrames(2, () => made.dispose()); // a drawing that was begun ends first: it would find nothing to draw on
      };
      setReady(true);
    });
    return () => {
      gone = true;
      stop();
    };
  }, []);
  useEffect(() => {
    if (!ready || !chart.current) return;
    chart.current.resize({ height });
    chart.current.setOption(options(currentPalette()), { notMerge: true });
  }, [ready, height, options]);
  return (
    <div
      class="chart"
      role="img"
      aria-label={label}
      aria-busy={!ready}
      data-ready={ready || undefined}
      ref={(element) => {
        place.current = element;
        if (element) element.style.height = `${height}px`;
      }}
    />
  );
}

function afterFrames(count: number, run: () => void): void {
  if (count === 0) run();
  else requestAnimationFrame(() => afterFrames(count - 1, run));
}
