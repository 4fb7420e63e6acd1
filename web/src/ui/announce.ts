/** Says things to a screen reader without moving the focus. */
let region: HTMLElement | null = null;

/** Announce a text politely; the same text twice is said twice. */
export function announce(text: string): void {
  if (!region) {
    region = document.createElement("div");
    region.className = "unseen";
    region.setAttribute("aria-live", "polite");
    document.body.append(region);
  }
  const line = document.createElement("p");
  line.textContent = text;
  region.replaceChildren(line);
}
