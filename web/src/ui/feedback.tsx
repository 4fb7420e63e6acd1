import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/problem";
import { announce } from "./announce";

type Tone = "good" | "warn" | "bad" | "plain";

const MARKS: Record<Tone, string> = { good: "✓", warn: "!", bad: "✕", plain: "·" };

/** A state in a word, told by sign and text, not by colour alone. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge badge-${tone}`}>
      <span aria-hidden="true">{MARKS[tone]}</span> {children}
    </span>
  );
}

/** What went wrong, what to do, and the request's id for an administrator. */
export function ProblemNote({ problem, retry }: { problem: Problem; retry?: (() => void) | undefined }) {
  const own = problem.errors.filter(({ detail }) => detail);
  return (
    <div class="note note-bad" role="alert">
      <p>
        <strong>{problem.title}</strong>
      </p>
      {problem.detail && <p>{problem.detail}</p>}
      {own.length > 0 && (
        <ul>
          {own.map(({ pointer, detail }) => (
            <li key={pointer + detail}>
              <code>{pointer.replace(/^#?\//, "")}</code>: {detail}
            </li>
          ))}
        </ul>
      )}
      {problem.requestId && (
        <p class="faint">
          Request <code>{problem.requestId}</code>
        </p>
      )}
      {retry && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A note that is no problem. */
export function Note({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <div class={`note note-${tone}`}>{children}</div>;
}

/** Grey places where something will be. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div class="skeleton" role="status">
      <span class="unseen">{label}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} aria-hidden="true" />
      ))}
    </div>
  );
}

/** A query that takes longer: how long it has run, and how to stop it. */
export function Running({ seconds, cancel }: { seconds: number; cancel: () => void }) {
  useEffect(() => announce("The query takes a little longer. The page shows it as soon as it is there."), []);
  return (
    <div class="note note-plain running">
      <progress aria-label="The query is running" />
      <p>This takes a little longer: running for {Math.max(1, Math.round(seconds))} s.</p>
      <button type="button" class="button" onClick={cancel}>
        Stop waiting
      </button>
    </div>
  );
}

/** A modal window over the page; the browser keeps the focus in it and gives it back. */
export function Dialog(props: { title: string; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onCancel={props.close} onClose={props.close}>
      <header>
        <h2 id="dialog-title">{props.title}</h2>
        <button type="button" class="button quiet" aria-label="Close" onClick={props.close}>
          ✕
        </button>
      </header>
      {props.children}
    </dialog>
  );
}
