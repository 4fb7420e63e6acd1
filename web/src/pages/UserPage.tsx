import { useState } from "preact/hooks";
import type { User, Versioned } from "../api/client";
import { useApp } from "../app";
import { formatMoment } from "../format/time";
import { useResource } from "../state/resource";
import { href } from "../state/router";
import { announce } from "../ui/announce";
import { Dialog, Note, ProblemNote, Skeleton } from "../ui/feedback";
import { Form, useSubmission } from "../ui/form";
import { AuditList } from "./AuditList";
import { Conflict } from "./Conflict";
import { type Account, AccountFields, accountOf, bodyOf, StateBadge } from "./UserParts";

/** One user: who they are, what they may see, and what was done to them. */
export function UserPage({ id }: { id: string }) {
  const { client } = useApp();
  const path = `/users/${encodeURIComponent(id)}`;
  const user = useResource(path, (signal) => client.read<User>(path, signal));
  const [round, setRound] = useState(0);
  const changed = (next: Versioned<User>, words: string) => {
    user.set(next);
    setRound((count) => count + 1);
    announce(words);
  };
  return (
    <>
      <p class="crumb">
        <a href={href(["users"])}>Users</a>
      </p>
      <h1 tabIndex={-1}>{user.data?.data.display_name ?? "User"}</h1>
      {user.problem && <ProblemNote problem={user.problem} retry={user.reload} />}
      {!user.data && user.loading && <Skeleton lines={5} label="Loading the user" />}
      {user.data && (
        <>
          <p class="lead">
            {user.data.data.email} <StateBadge state={user.data.data.state} />
          </p>
          <p class="faint">
            Since {formatMoment(user.data.data.created_at)}, last changed {formatMoment(user.data.data.updated_at)}.
          </p>
          <div class="columns">
            <Edit key={user.data.etag} path={path} user={user.data} changed={changed} />
            <Actions path={path} user={user.data} changed={changed} reload={user.reload} />
          </div>
          <section class="panel wide" aria-labelledby="history">
            <h2 id="history">What was done</h2>
            <AuditList key={round} path={`${path}/audit`} query={{}} />
          </section>
        </>
      )}
    </>
  );
}

interface Props {
  readonly path: string;
  readonly user: Versioned<User>;
  readonly changed: (user: Versioned<User>, words: string) => void;
}

function Edit({ path, user, changed }: Props) {
  const { client } = useApp();
  const [account, setAccount] = useState<Account>(accountOf(user.data));
  const [now, setNow] = useState<Versioned<User> | null>(null);
  const submission = useSubmission();
  const save = async (etag: string) => {
    const saved = await client.change<User>("PATCH", path, etag, bodyOf(account));
    changed(saved, "Saved.");
  };
  const unchanged = JSON.stringify(bodyOf(account)) === JSON.stringify(bodyOf(accountOf(user.data)));
  const deleted = user.data.state === "deleted";
  const conflict = submission.problem?.status === 412;
  const look = () => submission.run(async () => setNow(await client.read<User>(path)));
  return (
    <section class="panel" aria-labelledby="account">
      <h2 id="account">Account</h2>
      <Form submit={() => void submission.run(() => save(user.etag))}>
        {submission.problem && !conflict && <ProblemNote problem={submission.problem} />}
        {conflict && (
          <div role="alert" class="note note-warn">
            <p>
              <strong>Somebody else changed this user meanwhile.</strong> Nothing of yours is saved yet.
            </p>
            <button type="button" class="button" onClick={() => void look()}>
              Show what changed
            </button>
          </div>
        )}
        <fieldset class="bare" disabled={deleted}>
          <AccountFields account={account} change={setAccount} submission={submission} />
          <button type="submit" class="button primary" disabled={submission.busy || unchanged}>
            Save
          </button>
        </fieldset>
      </Form>
      {now && (
        <Conflict
          opened={accountOf(user.data)}
          now={accountOf(now.data)}
          mine={account}
          close={() => setNow(null)}
          takeTheirs={() => changed(now, "Their version is shown.")}
          keepMine={() => submission.run(() => save(now.etag)).then(() => setNow(null))}
        />
      )}
    </section>
  );
}

interface Act {
  readonly name: string;
  readonly label: string;
  readonly method: "POST" | "DELETE";
  readonly ask: string;
  readonly when: readonly User["state"][];
  readonly danger?: boolean;
  readonly done: string;
}

const ACTS: readonly Act[] = [
  {
    name: "resend-invitation",
    label: "Send the invitation again",
    method: "POST",
    when: ["invited"],
    ask: "They get another mail with a new password; the one before no longer works.",
    done: "The invitation is sent.",
  },
  {
    name: "disable",
    label: "Disable",
    method: "POST",
    when: ["active", "invited"],
    danger: true,
    ask: "They are locked out from their next request on, until somebody enables them.",
    done: "The user is disabled.",
  },
  {
    name: "enable",
    label: "Enable",
    method: "POST",
    when: ["disabled"],
    ask: "They can sign in again.",
    done: "The user is enabled.",
  },
  {
    name: "",
    label: "Delete",
    method: "DELETE",
    when: ["active", "invited", "disabled"],
    danger: true,
    ask: "They are locked out and leave the lists. An administrator can restore them.",
    done: "The user is deleted.",
  },
  {
    name: "restore",
    label: "Restore",
    method: "POST",
    when: ["deleted"],
    ask: "They come back as they were.",
    done: "The user is restored.",
  },
];

function Actions({ path, user, changed, reload }: Props & { reload: () => void }) {
  const { client } = useApp();
  const [asked, setAsked] = useState<Act | null>(null);
  const submission = useSubmission();
  const act = (chosen: Act) =>
    submission.run(async () => {
      const target = chosen.name ? `${path}/${chosen.name}` : path;
      const next = await client.change<User>(chosen.method, target, user.etag);
      setAsked(null);
      changed(next, chosen.done);
    });
  return (
    <section class="panel" aria-labelledby="access">
      <h2 id="access">Access</h2>
      <div class="stack">
        {ACTS.filter(({ when }) => when.includes(user.data.state)).map((one) => (
          <button
            key={one.label}
            type="button"
            class={one.danger ? "button danger" : "button"}
            onClick={() => {
              submission.clear();
              setAsked(one);
            }}
          >
            {one.label}
          </button>
        ))}
      </div>
      {asked && (
        <Dialog title={`${asked.label}: ${user.data.display_name}`} close={() => setAsked(null)}>
          <p>{asked.ask}</p>
          {submission.problem && <ProblemNote problem={submission.problem} />}
          {submission.problem?.status === 412 && (
            <Note>
              <button
                type="button"
                class="button"
                onClick={() => {
                  setAsked(null);
                  reload();
                }}
              >
                Show the user as they are now
              </button>
            </Note>
          )}
          <footer>
            <button type="button" class="button" onClick={() => setAsked(null)}>
              Cancel
            </button>
            <button
              type="button"
              class={asked.danger ? "button danger" : "button primary"}
              disabled={submission.busy}
              onClick={() => void act(asked)}
            >
              {asked.label}
            </button>
          </footer>
        </Dialog>
      )}
    </section>
  );
}
