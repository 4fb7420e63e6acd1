import { render } from "preact";
import { Client } from "./api/client";
import { asProblem } from "./api/problem";
import { Cognito } from "./auth/cognito";
import { Session } from "./auth/session";
import { loadConfig } from "./config";
import { Root } from "./pages/Root";
import { applyTheme, chosenTheme } from "./state/theme";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/charts.css";
import { ProblemNote } from "./ui/feedback";

const place = document.getElementById("app") as HTMLElement;
applyTheme(chosenTheme());

async function start(): Promise<void> {
  const config = await loadConfig();
  const show = () => render(<Root config={config} session={session} client={client} />, place);
  const session = new Session(new Cognito(config), sessionStorage, show);
  const client = new Client(config.api_url, session);
  show();
  await session.start();
}

start().catch((error: unknown) =>
  render(
    <main class="alone">
      <h1>Quayside</h1>
      <ProblemNote problem={asProblem(error)} retry={() => location.reload()} />
    </main>,
    place,
  ),
);
