import { useState } from "preact/hooks";
import type { Page, Role, User, UserState } from "../api/client";
import { useApp } from "../app";
import { formatMoment } from "../format/time";
import { useResource } from "../state/resource";
import { href, navigate } from "../state/router";
import { announce } from "../ui/announce";
import { DataTable, type TableColumn } from "../ui/DataTable";
import { Dialog, ProblemNote, Skeleton } from "../ui/feedback";
import { Field, Form, Select, useSubmission } from "../ui/form";
import { type Account, AccountFields, bodyOf, StateBadge, useVenueNames } from "./UserParts";
import { ROLES, STATES, words } from "./words";

const ANY = { value: "", label: "All" } as const;

/** Users: found, page by page, and invited. */
export function UsersPage({ parameters }: { parameters: URLSearchParams }) {
  const { client } = useApp();
  const venueNames = useVenueNames();
  const [inviting, setInviting] = useState(false);
  const query = {
    search: parameters.get("search") ?? "",
    role: (parameters.get("role") ?? "") as Role | "",
    state: (parameters.get("state") ?? "") as UserState | "",
  };
  const path = (cursor?: string) => client.get<Page<User>>("/users", { ...query, limit: 50, cursor });
  const users = useResource(`users${JSON.stringify(query)}`, () => path());
  const more = useSubmission();
  const choose = (changed: Partial<typeof query>) => {
    const next = new URLSearchParams(Object.entries({ ...query, ...changed }).filter(([, value]) => value));
    navigate(href(["users"], next), true);
  };
  const nextPage = (cursor: string) =>
    more.run(async () => {
      const page = await path(cursor);
      users.set({ items: [...(users.data?.items ?? []), ...page.items], next_cursor: page.next_cursor });
      announce(`${page.items.length} more users are shown.`);
    });
  const columns: TableColumn<User>[] = [
    {
      name: "name",
      label: "Name",
      value: ({ display_name }) => display_name,
      show: ({ id, display_name, email }) => (
        <>
          <a href={href(["users", id])}>{display_name}</a>
          <br />
          <span class="faint">{email}</span>
        </>
      ),
    },
    { name: "role", label: "Role", value: ({ role }) => role, show: ({ role }) => words(role) },
    { name: "venues", label: "Venues", show: ({ venues }) => venueNames(venues) },
    { name: "state", label: "State", value: ({ state }) => state, show: ({ state }) => <StateBadge state={state} /> },
    {
      name: "changed",
      label: "Changed",
      value: ({ updated_at }) => updated_at,
      show: ({ updated_at }) => formatMoment(updated_at),
    },
  ];
  return (
    <>
      <div class="title">
        <h1 tabIndex={-1}>Users</h1>
        <button type="button" class="button primary" onClick={() => setInviting(true)}>
          Invite somebody
        </button>
      </div>
      <section class="controls" aria-label="Which users are shown">
        <Search search={query.search} choose={(search) => choose({ search })} />
        <Select label="Role" value={query.role} options={[ANY, ...ROLES]} change={(role) => choose({ role })} />
        <Select
          label="State"
          value={query.state}
          options={[{ value: "", label: "All but deleted" } as const, ...STATES]}
          change={(state) => choose({ state })}
        />
      </section>
      {users.problem && <ProblemNote problem={users.problem} retry={users.reload} />}
      {users.loading && !users.data && <Skeleton lines={5} label="Loading users" />}
      {users.data && !users.problem && (
        <section class="panel wide">
          <DataTable
            caption="Users"
            columns={columns}
            rows={users.data.items}
            keyOf={({ id }) => id}
            empty="Nobody matches."
          />
          {more.problem && <ProblemNote problem={more.problem} />}
          {users.data.next_cursor && (
            <button
              type="button"
              class="button more"
              disabled={more.busy}
              onClick={() => void nextPage(users.data?.next_cursor ?? "")}
            >
              Show more
            </button>
          )}
        </section>
      )}
      {inviting && <Invite close={() => setInviting(false)} />}
    </>
  );
}

function Search({ search, choose }: { search: string; choose: (search: string) => void }) {
  const [text, setText] = useState(search);
  return (
    <Form class="dates" label="Search" submit={() => choose(text.trim())}>
      <Field label="Name or e-mail address" type="search" value={text} change={setText} maxLength={100} />
      <button type="submit" class="button">
        Search
      </button>
    </Form>
  );
}

function Invite({ close }: { close: () => void }) {
  const { client } = useApp();
  const [email, setEmail] = useState("");
  const [account, setAccount] = useState<Account>({ display_name: "", role: "viewer", venues: [] });
  const submission = useSubmission();
  const send = async () => {
    const made = await client.change<User>("POST", "/users", undefined, { email: email.trim(), ...bodyOf(account) });
    close();
    announce(`${made.data.display_name} is invited.`);
    navigate(href(["users", made.data.id]));
  };
  return (
    <Dialog title="Invite somebody" close={close}>
      <Form submit={() => void submission.run(send)}>
        <p class="faint">They get a mail with a password for the first sign-in.</p>
        {submission.problem && <ProblemNote problem={submission.problem} />}
        <Field
          label="E-mail address"
          type="email"
          value={email}
          change={setEmail}
          required
          maxLength={254}
          error={submission.errorOf("email")}
        />
        <AccountFields account={account} change={setAccount} submission={submission} />
        <footer>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={submission.busy}>
            Send the invitation
          </button>
        </footer>
      </Form>
    </Dialog>
  );
}
