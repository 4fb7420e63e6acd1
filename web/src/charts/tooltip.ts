/** A tooltip as elements: the content security policy allows no style in HTML text, and names need no escaping. */
export interface Line {
  readonly name: string;
  readonly text: string;
  readonly color: string;
  readonly faint?: boolean;
}

/** Return a tooltip with a title and a line for each value. */
export function tooltip(title: string, lines: readonly Line[]): HTMLElement {
  const root = element("div", "chart-tip-body");
  root.append(element("strong", "", title));
  for (const { name, text, color, faint } of lines) {
    const line = element("div", "chart-tip-line");
    const mark = element("i", "");
    if (color) mark.style.background = color;
    if (faint) mark.style.opacity = "0.5";
    line.append(mark, element("span", "", name), element("b", "", text));
    root.append(line);
  }
  return root;
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
