import { href } from "../state/router";

/** An address that leads nowhere, or nowhere for this person. */
export function NotFound() {
  return (
    <>
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>It may have moved, or your account may not show it.</p>
      <p>
        <a href={href([])}>Go to the dashboards</a>
      </p>
    </>
  );
}
