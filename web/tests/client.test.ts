import { afterEach, describe, expect, it, vi } from "vitest";
import { Client, search } from "../src/api/client";
import { Problem } from "../src/api/problem";

const CREDENTIALS = { token: async () => "old", renew: async () => "new", ended: vi.fn() };

function answers(...responses: (() => Response)[]) {
  const called = vi.fn(async (_url: string, _init?: RequestInit) => (responses.shift() as () => Response)());
  vi.stubGlobal("fetch", called);
  return called;
}

const headersOf = (called: ReturnType<typeof answers>, index: number) =>
  (called.mock.calls[index]?.[1]?.headers ?? {}) as Record<string, string>;

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  CREDENTIALS.ended.mockClear();
});

describe("a call", () => {
  it("carries the token in a header, and a request id", async () => {
    const called = answers(json({ items: [] }));
    await new Client("http://api", CREDENTIALS).get("/users", { search: "a b", role: "" });
    const [url, init] = called.mock.calls[0] as [string, RequestInit];
    const headers = init.headers as Record<string, string>;
    expect(url).toBe("http://api/users?search=a+b");
    expect(headers.Authorization).toBe("Bearer old");
    expect(headers["X-Request-Id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is repeated once with a new token where the old one is refused", async () => {
    const called = answers(json({}, 401), json({ id: 1 }));
    expect(await new Client("", CREDENTIALS).get("/me")).toEqual({ id: 1 });
    expect(headersOf(called, 1).Authorization).toBe("Bearer new");
    expect(CREDENTIALS.ended).not.toHaveBeenCalled();
  });

  it("ends the session where the new token is refused, too", async () => {
    answers(json({}, 401), json({}, 401));
    await expect(new Client("", CREDENTIALS).get("/me")).rejects.toBeInstanceOf(Problem);
    expect(CREDENTIALS.ended).toHaveBeenCalledOnce();
  });

  it("names the version that a change is of", async () => {
    const called = answers(json({ id: 1 }, 200, { ETag: '"8"' }));
    const changed = await new Client("", CREDENTIALS).change("PATCH", "/users/1", '"7"', { role: "viewer" });
    expect(headersOf(called, 0)["If-Match"]).toBe('"7"');
    expect(changed.etag).toBe('"8"');
  });

  it("tells a problem with the request's id, also where a gateway answers and not the API", async () => {
    answers(
      json({ title: "Conflict", detail: "Last admin.", instance: "r-1" }, 409),
      () => new Response("<html>", { status: 504 }),
    );
    const client = new Client("", CREDENTIALS);
    await expect(client.get("/x")).rejects.toMatchObject({
      status: 409,
      title: "Conflict",
      detail: "Last admin.",
      requestId: "r-1",
    });
    await expect(client.get("/x")).rejects.toMatchObject({ status: 504, title: "The server took too long" });
  });
});

describe("a slow query", () => {
  it("is polled at its handle, no faster than asked, until it is there", async () => {
    vi.useFakeTimers();
    const called = answers(
      json({ query_id: "q-1", retry_after: 3 }, 202),
      json({ query_id: "q-1", retry_after: 3 }, 202),
      json({ title: "Sales" }),
    );
    const progress = vi.fn();
    const answer = new Client("", CREDENTIALS).ask("/dashboards/x", {}, new AbortController().signal, progress);
    await vi.advanceTimersByTimeAsync(2900);
    expect(called).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await answer).toEqual({ title: "Sales" });
    expect(called.mock.calls.map(([url]) => url)).toEqual(["/dashboards/x", "/queries/q-1", "/queries/q-1"]);
    expect(progress).toHaveBeenCalledTimes(2);
  });

  it("of a download is asked for again as it was", async () => {
    vi.useFakeTimers();
    const called = answers(json({ query_id: "q-1", retry_after: 1 }, 202), json({ url: "u" }));
    const path = "/dashboards/x/panels/p/download";
    const answer = new Client("", CREDENTIALS).ask(path, { format: "csv" }, new AbortController().signal, () => {});
    await vi.advanceTimersByTimeAsync(1500);
    expect(await answer).toEqual({ url: "u" });
    expect(called.mock.calls[1]?.[0]).toBe(`${path}?format=csv`);
  });

  it("stops when nobody waits any more", async () => {
    vi.useFakeTimers();
    const called = answers(json({ query_id: "q-1", retry_after: 1 }, 202));
    const controller = new AbortController();
    const answer = new Client("", CREDENTIALS).ask("/dashboards/x", {}, controller.signal, () => {});
    const refused = expect(answer).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(100);
    controller.abort();
    await refused;
    await vi.advanceTimersByTimeAsync(5000);
    expect(called).toHaveBeenCalledTimes(1);
  });
});

it("parameters are repeated for lists and left out where there is nothing", () => {
  expect(search({ venue: [1, 2], grain: undefined, compare: "" })).toBe("?venue=1&venue=2");
  expect(search()).toBe("");
});
