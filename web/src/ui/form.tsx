import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly type?: "text" | "email" | "password" | "search" | "date";
  readonly hint?: string;
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly error?: string | undefined;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** A labelled input with its hint and its error. */
export function Field({ label, value, change, hint, error, type = "text", autocomplete, ...rest }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type as "text"}
        value={value}
        autocomplete={autocomplete ?? "off"}
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        onInput={(event) => change(event.currentTarget.value)}
        {...rest}
      />
      {hint && (
        <p id={`${id}-hint`} class="faint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} class="error">
          {error}
        </p>
      )}
    </div>
  );
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly change: (value: T) => void;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly disabled?: boolean;
}

/** A labelled choice of one. */
export function Select<T extends string>({ label, value, change, options, disabled }: SelectProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled ?? false}
        onChange={(event) => change(event.currentTarget.value as T)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface ChecksProps {
  readonly legend: string;
  readonly options: readonly { readonly value: number; readonly label: string }[];
  readonly chosen: readonly number[];
  readonly change: (chosen: number[]) => void;
  readonly hint?: string;
  readonly error?: string | undefined;
}

/** A labelled choice of several. */
export function Checks({ legend, options, chosen, change, hint, error }: ChecksProps) {
  const toggle = (value: number, on: boolean) =>
    change([...chosen.filter((one) => one !== value), ...(on ? [value] : [])].sort((a, b) => a - b));
  return (
    <fieldset class="checks">
      <legend>{legend}</legend>
      {options.map(({ value, label }) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={(event) => toggle(value, event.currentTarget.checked)}
          />
          {label}
        </label>
      ))}
      {hint && <p class="faint">{hint}</p>}
      {error && <p class="error">{error}</p>}
    </fieldset>
  );
}

export interface Submission {
  readonly busy: boolean;
  readonly problem: Problem | null;
  /** Run it once, whatever is clicked meanwhile. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
  readonly clear: () => void;
  /** What the API says about a field of the body. */
  readonly errorOf: (field: string) => string | undefined;
}

/** Keep a form's state while it is sent. */
export function useSubmission(): Submission {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const errorOf = (field: string) =>
    problem?.errors.find(({ pointer }) => pointer.replace(/^#?\//, "").split("/")[0] === field)?.detail;
  return { busy, problem, run, clear: () => setProblem(null), errorOf };
}

/** A form that never leaves the page. */
export function Form(props: { submit: () => void; children: ComponentChildren; class?: string; label?: string }) {
  return (
    <form
      class={props.class ?? "form"}
      aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        props.submit();
      }}
    >
      {props.children}
    </form>
  );
}
