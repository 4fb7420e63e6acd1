import { useState } from "preact/hooks";
import { href, navigate } from "../state/router";
import { Field, Form } from "../ui/form";
import { AuditList } from "./AuditList";

/** All that was done to users, by whom. */
export function AuditPage({ parameters }: { parameters: URLSearchParams }) {
  const query = { actor: parameters.get("actor") ?? "", action: parameters.get("action") ?? "" };
  const [wanted, setWanted] = useState(query);
  const choose = () =>
    navigate(href(["audit"], new URLSearchParams(Object.entries(wanted).filter(([, value]) => value))), true);
  return (
    <>
      <h1 tabIndex={-1}>Audit trail</h1>
      <p class="lead">What was done to users, the newest first. Nobody can change or remove an entry.</p>
      <section class="controls" aria-label="Which entries are shown">
        <Form class="dates" label="Filter" submit={choose}>
          <Field
            label="Action"
            value={wanted.action}
            change={(action) => setWanted({ ...wanted, action: action.trim() })}
            maxLength={63}
          />
          <Field
            label="Id of who did it"
            value={wanted.actor}
            change={(actor) => setWanted({ ...wanted, actor: actor.trim() })}
            maxLength={36}
          />
          <button type="submit" class="button">
            Show
          </button>
        </Form>
      </section>
      <section class="panel wide">
        <AuditList path="/audit" query={query} subjects />
      </section>
    </>
  );
}
