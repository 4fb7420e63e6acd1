/** What roles, states and actions are called. */
import type { Role, UserState } from "../api/client";

export const ROLES: readonly { value: Role; label: string; meaning: string }[] = [
  { value: "viewer", label: "Viewer", meaning: "dashboards of their own venues, names masked" },
  { value: "manager", label: "Manager", meaning: "dashboards of their own venues, with names" },
  { value: "analyst", label: "Analyst", meaning: "all venues, data health and SQL, names masked" },
  { value: "admin", label: "Admin", meaning: "everything, users included" },
];

export const STATES: readonly { value: UserState; label: string; tone: "good" | "warn" | "bad" | "plain" }[] = [
  { value: "invited", label: "Invited", tone: "plain" },
  { value: "active", label: "Active", tone: "good" },
  { value: "disabled", label: "Disabled", tone: "warn" },
  { value: "deleted", label: "Deleted", tone: "bad" },
];

/** Tell whether a role is limited to venues. */
export function ownVenues(role: Role): boolean {
  return role === "manager" || role === "viewer";
}

/** Return an identifier as words: `change_role` as `Change role`. */
export function words(name: string): string {
  const text = name.replace(/[_.-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
