import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { seesHealth, useApp } from "../app";
import { href, type Route, useRoute } from "../state/router";
import { announce } from "../ui/announce";
import { AuditPage } from "./AuditPage";
import { DashboardPage } from "./DashboardPage";
import { DashboardsPage } from "./DashboardsPage";
import { DataHealthPage } from "./DataHealthPage";
import { NotFound } from "./NotFound";
import { ProfilePage } from "./ProfilePage";
import { UserPage } from "./UserPage";
import { UsersPage } from "./UsersPage";

/** The frame around every page: where one can go, and who one is. */
export function Shell() {
  const app = useApp();
  const route = useRoute();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const place = route.path.join("/");
  const first = useRef(true);
  const menu = useRef<HTMLButtonElement>(null);
  // Before anything is painted: what is pressed at once closes it, too.
  useLayoutEffect(() => {
    if (!open) return;
    const listening = new AbortController();
    const close = () => {
      setOpen(false);
      menu.current?.focus();
    };
    const chosen = ({ target }: Event) => target instanceof Element && target.closest("#places a") && close();
    addEventListener("keydown", ({ key }) => key === "Escape" && close(), listening);
    addEventListener("click", chosen, listening); // also of the page that is shown, whose place stays the same
    return () => listening.abort();
  }, [open]);
  useEffect(() => {
    setOpen(false);
    const title = main.current?.querySelector("h1");
    document.title = `${title?.textContent ?? "Quayside"} · Quayside`;
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    title?.focus();
    announce(title?.textContent ?? "");
  }, [place]);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.querySelector<HTMLElement>("h1")?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <Brand />
        <button
          type="button"
          ref={menu}
          class="button quiet menu"
          aria-expanded={open}
          aria-controls="places"
          onClick={() => setOpen(!open)}
        >
          Menu
        </button>
      </header>
      <nav id="places" class={open ? "places open" : "places"} aria-label="Main">
        <Brand />
        <h2>Dashboards</h2>
        <ul>
          <Place to={[]} at={place}>
            Overview
          </Place>
          {app.dashboards.map(({ name, title }) => (
            <Place key={name} to={["dashboards", name]} at={place}>
              {title}
            </Place>
          ))}
        </ul>
        {seesHealth(app.me.data) && (
          <>
            <h2>Operations</h2>
            <ul>
              <Place to={["data-health"]} at={place}>
                Data health
              </Place>
            </ul>
          </>
        )}
        {app.me.data.role === "admin" && (
          <>
            <h2>Administration</h2>
            <ul>
              <Place to={["users"]} at={place}>
                Users
              </Place>
              <Place to={["audit"]} at={place}>
                Audit trail
              </Place>
            </ul>
          </>
        )}
        <div class="whoami">
          <a href={href(["profile"])} aria-current={place === "profile" ? "page" : undefined}>
            <strong>{app.me.data.display_name}</strong>
            <span>{app.me.data.role}</span>
          </a>
          <button type="button" class="button" onClick={() => void app.session.signOut()}>
            Sign out
          </button>
        </div>
      </nav>
      <main ref={main} inert={open}>
        <Page route={route} />
      </main>
    </div>
  );
}

function Page({ route }: { route: Route }) {
  const { me } = useApp();
  const [page, id] = route.path;
  const admin = me.data.role === "admin";
  if (page === undefined || (page === "dashboards" && !id)) return <DashboardsPage />;
  if (page === "dashboards" && id) return <DashboardPage key={id} name={id} parameters={route.parameters} />;
  if (page === "profile") return <ProfilePage />;
  if (page === "data-health" && seesHealth(me.data)) return <DataHealthPage />;
  if (page === "users" && admin)
    return id ? <UserPage key={id} id={id} /> : <UsersPage parameters={route.parameters} />;
  if (page === "audit" && admin) return <AuditPage parameters={route.parameters} />;
  return <NotFound />;
}

function Place({ to, at, children }: { to: readonly string[]; at: string; children: ComponentChildren }) {
  const here = to.join("/") === at || (to[0] === "users" && at.startsWith("users/"));
  return (
    <li>
      <a href={href(to)} aria-current={here ? "page" : undefined}>
        {children}
      </a>
    </li>
  );
}

export function Brand() {
  return (
    <p class="brand">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M7 11h18M10 11v9M22 11v9" />
        <path d="M6 23c2.500-2 5-2 7.500 0s5 2 7.500 0 3.500-1.600 5-1.200" class="wave" />
      </svg>
      Quayside
    </p>
  );
}
