/** What the API says when it refuses: RFC 9457, with the request's id to quote to an administrator. */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string,
    /** What is wrong with which field, as JSON pointers (`/email`). */
    readonly errors: readonly { pointer: string; detail: string }[] = [],
  ) {
    super(detail || title);
    this.name = "Problem";
  }
}

const TITLES: Record<number, string> = {
  0: "The server cannot be reached",
  401: "You are signed out",
  403: "You may not see this",
  404: "There is no such page or record",
  412: "Somebody else changed this meanwhile",
  429: "Too many requests",
  500: "Something went wrong on the server",
  502: "Something went wrong on the server",
  503: "The server is busy",
  504: "The server took too long",
};

/** Return what a refused response says, whoever wrote it: the API, the gateway before it, or nobody. */
export async function problemOf(response: Response, requestId: string): Promise<Problem> {
  const body = await parsed(response);
  const text = (name: string): string => (typeof body[name] === "string" ? (body[name] as string) : "");
  return new Problem(
    response.status,
    text("title") || TITLES[response.status] || `The server answered ${response.status}`,
    text("detail") || text("message"),
    text("instance") || response.headers.get("X-Request-Id") || requestId,
    Array.isArray(body.errors) ? (body.errors as Problem["errors"]) : [],
  );
}

/** Return a Problem for anything thrown: a Problem as it is, the network's failure, a fault of ours. */
export function asProblem(error: unknown, requestId = ""): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError)
    return new Problem(0, TITLES[0] as string, "Check your connection, then try again.", requestId);
  return new Problem(0, "Something went wrong", error instanceof Error ? error.message : String(error), requestId);
}

async function parsed(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {}; // a gateway's page, not the API's: the status has to do
  }
}
