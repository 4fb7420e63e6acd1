/** What differs between places where the same build is served; `config.json` lies beside `index.html`. */
export interface Config {
  readonly api_url: string;
  readonly region: string;
  readonly user_pool_id: string;
  readonly client_id: string;
  readonly cognito_endpoint: string;
  readonly airflow_url: string | null;
}

const REQUIRED = ["api_url", "region", "user_pool_id", "client_id", "cognito_endpoint"] as const;

/** Return the configuration in a parsed `config.json`. Throws an Error that names what is missing. */
export function parseConfig(value: unknown): Config {
  if (typeof value !== "object" || value === null) throw new Error("config.json is no object.");
  const given = value as Record<string, unknown>;
  const missing = REQUIRED.filter((name) => typeof given[name] !== "string" || given[name] === "");
  if (missing.length > 0) throw new Error(`config.json lacks ${missing.join(", ")}.`);
  const airflow = given.airflow_url;
  return {
    ...(given as unknown as Config),
    api_url: String(given.api_url).replace(/\/+$/, ""),
    airflow_url: typeof airflow === "string" && airflow !== "" ? airflow.replace(/\/+$/, "") : null,
  };
}

/** Fetch and parse `config.json`. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch(new URL("config.json", document.baseURI), { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json answered ${response.status}.`);
  return parseConfig(await response.json());
}
