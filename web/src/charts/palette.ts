/** The colours of the moment, as the style sheet has them: one place for pages and charts. */
export interface Palette {
  readonly series: readonly string[];
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly heat: readonly [low: string, high: string];
}

/** Read the colours that apply to the page right now, as the canvas knows them. */
export function currentPalette(): Palette {
  const probe = document.createElement("span");
  document.body.append(probe);
  const color = (name: string): string => {
    probe.style.color = `var(--${name})`; // the browser decides between light and dark
    return getComputedStyle(probe).color;
  };
  const palette: Palette = {
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((index) => color(`series-${index}`)),
    text: color("text"),
    muted: color("muted"),
    line: color("line"),
    surface: color("surface"),
    heat: [color("heat-low"), color("heat-high")],
  };
  probe.remove();
  return palette;
}
