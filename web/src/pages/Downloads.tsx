import { useEffect, useRef, useState } from "preact/hooks";
import type { Download, Panel, Query } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { useApp } from "../app";
import { announce } from "../ui/announce";
import { ProblemNote } from "../ui/feedback";

const FORMATS = [
  { format: "csv", label: "CSV" },
  { format: "parquet", label: "Parquet" },
] as const;

/** Fetch all rows of a panel as a file, by a signed link. */
export function Downloads({ path, query, panel }: { path: string; query: Query; panel: Panel }) {
  const { title, rows, formats } = panel;
  const offered = FORMATS.filter(({ format }) => formats.includes(format) && (rows.length > 0 || format === "csv"));
  const { client } = useApp();
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const fetchFile = async (format: string) => {
    const controller = new AbortController();
    abort.current = controller;
    setBusy(format);
    setProblem(null);
    try {
      const { url } = await client.ask<Download>(path, { ...query, format }, controller.signal, () =>
        announce("The file is being made."),
      );
      const link = document.createElement("a");
      link.href = url;
      link.download = "";
      link.rel = "noopener";
      link.click();
      announce(`The download of ${title} has begun.`);
    } catch (error) {
      if (!controller.signal.aborted) setProblem(asProblem(error));
    } finally {
      setBusy("");
    }
  };
  return (
    <>
      {offered.map(({ format, label }) => (
        <button
          key={format}
          type="button"
          class="button quiet"
          disabled={busy !== ""}
          aria-label={`Download ${title} as ${label}`}
          onClick={() => void fetchFile(format)}
        >
          {busy === format ? "…" : label}
        </button>
      ))}
      {problem && <ProblemNote problem={problem} />}
    </>
  );
}
