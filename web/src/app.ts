/** What every page needs. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Client, Dashboard, Me, Venue, Versioned } from "./api/client";
import type { Session } from "./auth/session";
import type { Config } from "./config";

export interface App {
  readonly config: Config;
  readonly session: Session;
  readonly client: Client;
  readonly me: Versioned<Me>;
  readonly setMe: (me: Versioned<Me>) => void;
  readonly venues: readonly Venue[];
  readonly dashboards: readonly Dashboard[];
}

export const AppContext = createContext<App | null>(null);

/** Return what every page needs. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("This page stands outside the app.");
  return app;
}

/** Tell whether a role sees the health of data and the SQL that was run. */
export function seesHealth(me: Me): boolean {
  return me.role === "admin" || me.role === "analyst";
}
