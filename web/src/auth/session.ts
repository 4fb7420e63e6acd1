/** Who is signed in: access token in memory, refresh token for this tab's life, never in a URL or in localStorage. */
import type { Credentials } from "../api/client";
import { Problem } from "../api/problem";
import type { Cognito, NewPassword, Tokens } from "./cognito";

const KEY = "quayside.refresh";
const EARLY = 60; // seconds before a token ends at which another is fetched

export type SessionState = "starting" | "out" | "in";

export class Session implements Credentials {
  state: SessionState = "starting";
  /** Why the last session ended, in words; empty where the user ended it. */
  reason = "";
  private access = "";
  private renewing: Promise<string> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly others = new BroadcastChannel("quayside.session");

  constructor(
    private readonly cognito: Cognito,
    private readonly storage: Storage,
    private readonly changed: () => void,
  ) {
    this.others.onmessage = ({ data }: MessageEvent<string>) => {
      if (data === "signed-out" && this.state === "in") this.end("You signed out in another tab.");
    };
  }

  /** Take up what this tab's session left before a reload. */
  async start(): Promise<void> {
    if (!this.storage.getItem(KEY)) return this.end("");
    await this.renew().catch(() => undefined); // `renew` has ended the session and said why
  }

  /** Sign in, or return what an invited user has to answer. Throws a Problem. */
  async signIn(email: string, password: string): Promise<NewPassword | null> {
    const answer = await this.cognito.signIn(email, password);
    if ("session" in answer) return answer;
    this.keep(answer);
    return null;
  }

  /** Accept an invitation. Throws a Problem. */
  async choosePassword(invited: NewPassword, password: string): Promise<void> {
    this.keep(await this.cognito.choosePassword(invited, password));
  }

  /** Change the own password. Throws a Problem. */
  async changePassword(previous: string, next: string): Promise<void> {
    await this.cognito.changePassword(await this.token(), previous, next);
  }

  /** End the session here, in the other tabs, and in Cognito. */
  async signOut(): Promise<void> {
    const refresh = this.storage.getItem(KEY);
    this.others.postMessage("signed-out");
    this.end("");
    if (refresh) await this.cognito.revoke(refresh).catch(() => undefined); // forgotten here in any case
  }

  /** Return a token that is valid for at least a moment. Throws a Problem where the session is over. */
  async token(): Promise<string> {
    return this.access || this.renew();
  }

  /** Fetch another token; callers at the same time share one. */
  renew(): Promise<string> {
    this.renewing ??= this.refresh().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** The API no longer takes what Cognito gives: the account is disabled or gone. */
  ended(): void {
    this.end("Your session has ended. Sign in again.");
  }

  private async refresh(): Promise<string> {
    const refresh = this.storage.getItem(KEY);
    if (!refresh) {
      this.ended();
      throw new Problem(401, "You are signed out", "", "");
    }
    try {
      this.keep(await this.cognito.refresh(refresh));
    } catch (error) {
      const refused = error instanceof Problem && error.status >= 400 && error.status < 500;
      if (refused || this.state === "starting")
        this.end(refused ? "Your session has ended. Sign in again." : String(error));
      throw error;
    }
    return this.access;
  }

  private keep(tokens: Tokens): void {
    this.access = tokens.access;
    if (tokens.refresh) this.storage.setItem(KEY, tokens.refresh);
    clearTimeout(this.timer);
    const wait = Math.max(tokens.expiresIn - EARLY, tokens.expiresIn / 2) * 1000;
    this.timer = setTimeout(() => {
      this.access = ""; // a sleeping laptop's timer comes late: the next call fetches another
      void this.renew().catch(() => undefined);
    }, wait);
    if (this.state !== "in") this.become("in", "");
  }

  private end(reason: string): void {
    this.access = "";
    this.storage.removeItem(KEY);
    clearTimeout(this.timer);
    if (this.state !== "out") this.become("out", reason);
  }

  private become(state: SessionState, reason: string): void {
    this.state = state;
    this.reason = reason;
    this.changed();
  }
}
