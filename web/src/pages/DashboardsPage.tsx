import { useApp } from "../app";
import { href } from "../state/router";
import { Note } from "../ui/feedback";

/** All dashboards, each with what it answers. */
export function DashboardsPage() {
  const { dashboards, me, venues } = useApp();
  return (
    <>
      <h1 tabIndex={-1}>Dashboards</h1>
      <p class="lead">
        {me.data.venues === null
          ? "All venues."
          : `Your venues: ${venues.map(({ name }) => name).join(", ") || "none yet"}.`}
      </p>
      {dashboards.length === 0 && (
        <Note>There is no dashboard for you yet. An administrator can give you a venue.</Note>
      )}
      <ul class="cards">
        {dashboards.map(({ name, title, description }) => (
          <li key={name}>
            <a href={href(["dashboards", name])}>
              <h2>{title}</h2>
              <p>{description}</p>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
