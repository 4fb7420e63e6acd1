import { useState } from "preact/hooks";
import type { Client, Dashboard, Me, Venue, Versioned } from "../api/client";
import { type App, AppContext } from "../app";
import type { Session } from "../auth/session";
import type { Config } from "../config";
import { setLocale } from "../format/numbers";
import { useResource } from "../state/resource";
import { applyTheme } from "../state/theme";
import { ProblemNote, Skeleton } from "../ui/feedback";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";

interface Props {
  readonly config: Config;
  readonly session: Session;
  readonly client: Client;
}

/** Signed in: the app; signed out: the way in. */
export function Root(props: Props) {
  if (props.session.state === "out") return <SignIn session={props.session} config={props.config} />;
  if (props.session.state === "starting") return <Opening />;
  return <SignedIn {...props} />;
}

function SignedIn({ config, session, client }: Props) {
  const [changed, setChanged] = useState<Versioned<Me> | null>(null);
  const first = useResource("first", async (signal) => {
    const [me, venues, dashboards] = await Promise.all([
      client.read<Me>("/me", signal),
      client.get<{ items: Venue[] }>("/venues", undefined, signal),
      client.get<{ items: Dashboard[] }>("/dashboards", undefined, signal),
    ]);
    use(me.data);
    return { me, venues: venues.items, dashboards: dashboards.items };
  });
  if (first.problem)
    return (
      <main class="alone">
        <h1>Quayside</h1>
        <ProblemNote problem={first.problem} retry={first.reload} />
        <button type="button" class="button" onClick={() => void session.signOut()}>
          Sign out
        </button>
      </main>
    );
  if (!first.data) return <Opening />;
  const setMe = (me: Versioned<Me>) => {
    use(me.data);
    setChanged(me);
  };
  const app: App = { config, session, client, ...first.data, me: changed ?? first.data.me, setMe };
  return (
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>
  );
}

function use(me: Me): void {
  setLocale(me.locale);
  applyTheme(me.theme);
}

function Opening() {
  return (
    <main class="alone">
      <h1>Quayside</h1>
      <Skeleton label="Opening Quayside" />
    </main>
  );
}
