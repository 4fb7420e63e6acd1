import type { Role, User, UserState } from "../api/client";
import { useApp } from "../app";
import { Badge } from "../ui/feedback";
import { Checks, Field, Select, type Submission } from "../ui/form";
import { ownVenues, ROLES, STATES } from "./words";

/** What an administrator says of a user. */
export interface Account {
  readonly display_name: string;
  readonly role: Role;
  readonly venues: readonly number[];
}

/** Return what may be changed of a user. */
export function accountOf({ display_name, role, venues }: User): Account {
  return { display_name, role, venues: venues ?? [] };
}

/** Return the body that the API takes: roles that see all venues name none. */
export function bodyOf(account: Account) {
  return { ...account, venues: ownVenues(account.role) ? account.venues : null };
}

/** A user's state in a word. */
export function StateBadge({ state }: { state: UserState }) {
  const known = STATES.find(({ value }) => value === state);
  return <Badge tone={known?.tone ?? "plain"}>{known?.label ?? state}</Badge>;
}

interface Props {
  readonly account: Account;
  readonly change: (account: Account) => void;
  readonly submission: Submission;
}

/** The fields of name, role and venues. */
export function AccountFields({ account, change, submission }: Props) {
  const { venues } = useApp();
  const role = ROLES.find(({ value }) => value === account.role);
  return (
    <>
      <Field
        label="Name"
        value={account.display_name}
        change={(display_name) => change({ ...account, display_name })}
        required
        maxLength={100}
        error={submission.errorOf("display_name")}
      />
      <Select label="Role" value={account.role} options={ROLES} change={(next) => change({ ...account, role: next })} />
      <p class="faint under">{role && `Sees ${role.meaning}.`}</p>
      {ownVenues(account.role) && (
        <Checks
          legend="Venues"
          options={venues.map(({ venue_id, name }) => ({ value: venue_id, label: name }))}
          chosen={account.venues}
          change={(chosen) => change({ ...account, venues: chosen })}
          error={submission.errorOf("venues")}
        />
      )}
    </>
  );
}

/** Return venues by their names. */
export function useVenueNames(): (venues: readonly number[] | null) => string {
  const { venues: known } = useApp();
  return (venues) =>
    venues === null
      ? "All venues"
      : venues.map((id) => known.find(({ venue_id }) => venue_id === id)?.name ?? `Venue ${id}`).join(", ") || "None";
}
