/** Routes in the address's fragment: the app needs no rewriting server, and nothing of them is sent to one. */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** `["dashboards", "products"]` */
  readonly path: readonly string[];
  readonly parameters: URLSearchParams;
}

/** Parse a fragment such as `#/dashboards/products?range=7d`. */
export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decoded), parameters: new URLSearchParams(query) };
}

/** Return the address of a route. */
export function href(path: readonly string[], parameters?: URLSearchParams): string {
  const query = parameters?.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** Go to a route; `replace` leaves no step to come back to. */
export function navigate(to: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = to;
}

/** Return the current route, and follow it. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a broken address leads to "not found", not to a broken page
  }
}
