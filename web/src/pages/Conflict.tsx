import { Dialog } from "../ui/feedback";
import { type Account, bodyOf, useVenueNames } from "./UserParts";
import { words } from "./words";

interface Props {
  readonly opened: Account;
  readonly now: Account;
  readonly mine: Account;
  readonly close: () => void;
  readonly takeTheirs: () => void;
  readonly keepMine: () => Promise<void>;
}

/** Two people changed the same user: what it was, what it is, what I want; and I decide. */
export function Conflict({ opened, now, mine, close, takeTheirs, keepMine }: Props) {
  const venueNames = useVenueNames();
  const lines: [string, (account: Account) => string][] = [
    ["Name", ({ display_name }) => display_name],
    ["Role", ({ role }) => words(role)],
    ["Venues", (account) => venueNames(bodyOf(account).venues)],
  ];
  return (
    <Dialog title="What changed meanwhile" close={close}>
      <section class="table-frame" aria-label="What changed meanwhile" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">When you opened it</th>
              <th scope="col">Now</th>
              <th scope="col">Yours</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(([label, show]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{show(opened)}</td>
                <td>{show(now) === show(opened) ? show(now) : <mark>{show(now)}</mark>}</td>
                <td>{show(mine) === show(opened) ? show(mine) : <mark>{show(mine)}</mark>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <footer>
        <button type="button" class="button" onClick={takeTheirs}>
          Take theirs
        </button>
        <button type="button" class="button primary" onClick={() => void keepMine()}>
          Save mine over it
        </button>
      </footer>
    </Dialog>
  );
}
