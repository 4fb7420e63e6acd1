/** Calls to the API: token, request id, ETag, problems, and waiting for slow queries. */

import { asProblem, Problem, problemOf } from "./problem";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Me = Schemas["Me"];
export type Venue = Schemas["Venue"];
export type Dashboard = Schemas["Dashboard"];
export type Result = Schemas["Result"];
export type Panel = Schemas["Panel"];
export type Column = Schemas["Column"];
export type User = Schemas["User"];
export type AuditEntry = Schemas["AuditEntry"];
export type DatasetHealth = Schemas["DatasetHealth"];
export type Role = Schemas["RoleName"];
export type UserState = Schemas["UserState"];
export type Download = Schemas["Download"];
export type Page<T> = { items: T[]; next_cursor: string | null };
type Pending = Schemas["Pending"];
export type Cell = string | number | boolean | null;

/** A record with the version that a change must name. */
export interface Versioned<T> {
  readonly data: T;
  readonly etag: string;
}

/** What gives a valid access token, and what to do when the API no longer takes it. */
export interface Credentials {
  token(): Promise<string>;
  renew(): Promise<string>;
  ended(): void;
}

interface Options {
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Query parameters; a list is repeated, undefined is left out. */
export type Query = Record<string, string | number | readonly (string | number)[] | undefined>;

interface Answer<T> {
  readonly status: number;
  readonly data: T;
  readonly etag: string;
}

/** Called while a slow query runs, with the seconds since it was asked. */
export type Progress = (seconds: number) => void;

const POLL_AT_MOST = 10; // seconds
const GIVE_UP = 15 * 60; // seconds: longer than any query may run

export class Client {
  constructor(
    private readonly url: string,
    private readonly credentials: Credentials,
  ) {}

  /** Return a record. Throws a Problem. */
  async get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
    return (await this.call<T>("GET", path, { query, signal })).data;
  }

  /** Return a record and its version. Throws a Problem. */
  async read<T>(path: string, signal?: AbortSignal): Promise<Versioned<T>> {
    return this.call<T>("GET", path, { signal });
  }

  /** Change a record that is still at a version; a Problem of status 412 says that it is not. */
  async change<T>(method: "PATCH" | "POST" | "DELETE", path: string, etag?: string, body?: unknown) {
    return (await this.call<T>(method, path, { etag, body })) as Versioned<T>;
  }

  /**
   * Ask what may be slow, and wait for it. Throws a Problem.
   *
   * A dashboard's 202 names a query to ask for; a download's asks for the same again.
   */
  async ask<T>(path: string, query: Query, signal: AbortSignal, progress: Progress): Promise<T> {
    const began = performance.now();
    let answer = await this.call<T & Partial<Pending>>("GET", path, { query, signal });
    const { query_id: id } = answer.data;
    const again = path.endsWith("/download") ? path : `/queries/${encodeURIComponent(id ?? "")}`;
    while (answer.status === 202) {
      const seconds = (performance.now() - began) / 1000;
      if (seconds > GIVE_UP) throw new Problem(504, "The answer takes too long", "Ask for a shorter range.", "");
      progress(seconds);
      await pause(Math.min(answer.data.retry_after ?? 1, POLL_AT_MOST), signal);
      answer = await this.call("GET", again, { query: again === path ? query : undefined, signal });
    }
    return answer.data;
  }

  private async call<T>(method: string, path: string, options: Options): Promise<Answer<T>> {
    const response = await this.send(method, path, options, await this.credentials.token());
    if (response.status !== 401) return this.answer<T>(response);
    const again = await this.send(method, path, options, await this.credentials.renew());
    if (again.status === 401) this.credentials.ended();
    return this.answer<T>(again);
  }

  private async send(method: string, path: string, options: Options, token: string): Promise<Response> {
    const headers: Record<string, string> = {
      Accept: "application/json",
      Authorization: `Bearer ${token}`,
      "X-Request-Id": crypto.randomUUID(),
    };
    if (options.etag) headers["If-Match"] = options.etag;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    const body = options.body === undefined ? null : JSON.stringify(options.body);
    try {
      return await fetch(this.url + path + search(options.query), {
        method,
        headers,
        body,
        signal: options.signal ?? null,
        credentials: "omit",
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw asProblem(error, headers["X-Request-Id"]);
    }
  }

  private async answer<T>(response: Response): Promise<Answer<T>> {
    if (!response.ok) throw await problemOf(response, "");
    const text = response.status === 204 ? "" : await response.text();
    return {
      status: response.status,
      data: (text ? JSON.parse(text) : undefined) as T,
      etag: response.headers.get("ETag") ?? "",
    };
  }
}

/** Return `?a=1&a=2` for `{a: [1, 2]}`. */
export function search(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== "") parameters.append(name, String(one));
  const text = parameters.toString();
  return text && `?${text}`;
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal.addEventListener("abort", stop, { once: true });
  });
}
