/** Light or dark: as the system has it, unless the person chose. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "quayside.theme";

/** Return what was chosen in this browser. */
export function chosenTheme(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "system";
}

/** Show a theme, and remember it in this browser. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("quayside:theme"));
}

/** Call back whenever the colours change; returns how to stop that. */
export function onThemeChange(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  addEventListener("quayside:theme", changed);
  return () => {
    system.removeEventListener("change", changed);
    removeEventListener("quayside:theme", changed);
  };
}
