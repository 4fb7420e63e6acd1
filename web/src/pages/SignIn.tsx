import { useEffect, useRef, useState } from "preact/hooks";
import { Cognito, type NewPassword } from "../auth/cognito";
import type { Session } from "../auth/session";
import type { Config } from "../config";
import { Note, ProblemNote } from "../ui/feedback";
import { Field, Form, useSubmission } from "../ui/form";
import { Brand } from "./Shell";

type Step = { at: "sign-in" } | { at: "invited"; invited: NewPassword } | { at: "forgotten" } | { at: "code" };

const TITLES = {
  "sign-in": "Sign in",
  invited: "Choose your password",
  forgotten: "Forgotten password",
  code: "Set a new password",
};

/** The way in: signing in, an invitation's first password, a forgotten password. */
export function SignIn({ session, config }: { session: Session; config: Config }) {
  const [step, setStep] = useState<Step>({ at: "sign-in" });
  const [email, setEmail] = useState("");
  const [done, setDone] = useState("");
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${TITLES[step.at]} · Quayside`;
    title.current?.focus();
  }, [step.at]);
  const cognito = new Cognito(config);
  const back = (words = "") => {
    setDone(words);
    setStep({ at: "sign-in" });
  };
  return (
    <main class="alone card">
      <Brand />
      <h1 tabIndex={-1} ref={title}>
        {TITLES[step.at]}
      </h1>
      {step.at === "sign-in" && (session.reason || done) && (
        <Note tone={done ? "good" : "plain"}>{done || session.reason}</Note>
      )}
      {step.at === "sign-in" && (
        <Password
          email={email}
          setEmail={setEmail}
          send={async (password) => {
            const invited = await session.signIn(email.trim(), password);
            if (invited) setStep({ at: "invited", invited });
          }}
          forgotten={() => setStep({ at: "forgotten" })}
        />
      )}
      {step.at === "invited" && (
        <FirstPassword send={(password) => session.choosePassword(step.invited, password)} back={back} />
      )}
      {step.at === "forgotten" && (
        <Forgotten
          email={email}
          setEmail={setEmail}
          send={async () => {
            await cognito.forgotPassword(email.trim());
            setStep({ at: "code" });
          }}
          back={back}
        />
      )}
      {step.at === "code" && (
        <Reset
          send={async (code, password) => {
            await cognito.confirmPassword(email.trim(), code.trim(), password);
            back("Your password is set. Sign in with it.");
          }}
          back={back}
        />
      )}
    </main>
  );
}

interface EmailProps {
  readonly email: string;
  readonly setEmail: (email: string) => void;
}

function Email({ email, setEmail }: EmailProps) {
  return (
    <Field
      label="E-mail address"
      type="email"
      value={email}
      change={setEmail}
      autocomplete="username"
      required
      maxLength={254}
    />
  );
}

function Password(props: EmailProps & { send: (password: string) => Promise<void>; forgotten: () => void }) {
  const [password, setPassword] = useState("");
  const { busy, problem, run } = useSubmission();
  return (
    <Form submit={() => void run(() => props.send(password))}>
      {problem && <ProblemNote problem={sparing(problem)} />}
      <Email {...props} />
      <Field
        label="Password"
        type="password"
        value={password}
        change={setPassword}
        autocomplete="current-password"
        required
      />
      <button type="submit" class="button primary" disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
      <button type="button" class="link" onClick={props.forgotten}>
        Forgotten password
      </button>
    </Form>
  );
}

function FirstPassword({ send, back }: { send: (password: string) => Promise<void>; back: () => void }) {
  const { busy, problem, run } = useSubmission();
  const [password, setPassword] = useState("");
  return (
    <Form submit={() => void run(() => send(password))}>
      <p>Welcome. The password in your invitation was for this one time only.</p>
      {problem && <ProblemNote problem={problem} />}
      <NewPasswordField value={password} change={setPassword} />
      <button type="submit" class="button primary" disabled={busy}>
        Set the password and sign in
      </button>
      <button type="button" class="link" onClick={() => back()}>
        Back to sign-in
      </button>
    </Form>
  );
}

function Forgotten(props: EmailProps & { send: () => Promise<void>; back: () => void }) {
  const { busy, problem, run } = useSubmission();
  return (
    <Form submit={() => void run(props.send)}>
      <p>We send you a code, if there is an account with this address.</p>
      {problem && <ProblemNote problem={problem} />}
      <Email {...props} />
      <button type="submit" class="button primary" disabled={busy}>
        Send the code
      </button>
      <button type="button" class="link" onClick={() => props.back()}>
        Back to sign-in
      </button>
    </Form>
  );
}

function Reset({ send, back }: { send: (code: string, password: string) => Promise<void>; back: () => void }) {
  const { busy, problem, run } = useSubmission();
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  return (
    <Form submit={() => void run(() => send(code, password))}>
      <p>If there is an account with this address, a code is on its way to it.</p>
      {problem && <ProblemNote problem={problem} />}
      <Field label="Code" value={code} change={setCode} autocomplete="one-time-code" required maxLength={32} />
      <NewPasswordField value={password} change={setPassword} />
      <button type="submit" class="button primary" disabled={busy}>
        Set the password
      </button>
      <button type="button" class="link" onClick={() => back()}>
        Back to sign-in
      </button>
    </Form>
  );
}

/** A new password; how strict it must be, the user pool decides and says. */
export function NewPasswordField({ value, change }: { value: string; change: (value: string) => void }) {
  return (
    <Field
      label="New password"
      type="password"
      value={value}
      change={change}
      autocomplete="new-password"
      required
      minLength={8}
      maxLength={256}
      hint="Long is better than complicated: a few unrelated words, a number and a sign."
    />
  );
}

function sparing<T extends { detail: string; status: number }>(problem: T): T {
  // The title says all that helps; what Cognito adds would tell a stranger whether the account exists.
  return problem.status === 400 ? Object.assign(Object.create(problem), { detail: "", requestId: "" }) : problem;
}
