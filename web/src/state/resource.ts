/** Loading with its four faces: nothing yet, still running, there, refused. */
import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";

export interface Resource<T> {
  /** The last answer; kept while another is on its way. */
  readonly data: T | null;
  readonly problem: Problem | null;
  readonly loading: boolean;
  /** Seconds that a slow query has been running; null where the answer is not slow. */
  readonly running: number | null;
  readonly reload: () => void;
  readonly cancel: () => void;
  readonly set: (data: T) => void;
}

type Load<T> = (signal: AbortSignal, progress: (seconds: number) => void) => Promise<T>;

/** Load whenever `key` changes; an answer that comes after the key changed is dropped. */
export function useResource<T>(key: string, load: Load<T>): Resource<T> {
  const [data, setData] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [loading, setLoading] = useState(true);
  const [running, setRunning] = useState<number | null>(null);
  const [round, setRound] = useState(0);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    abort.current = controller;
    setLoading(true);
    setProblem(null);
    setRunning(null);
    load(controller.signal, setRunning)
      .then((answer) => !controller.signal.aborted && setData(answer))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setProblem(asProblem(error));
      })
      .finally(() => {
        if (abort.current !== controller) return;
        setLoading(false);
        setRunning(null);
      });
    return () => {
      abort.current = null;
      controller.abort();
    };
  }, [key, round]);
  return {
    data,
    problem,
    loading,
    running,
    reload: () => setRound((count) => count + 1),
    cancel: () => abort.current?.abort(),
    set: setData,
  };
}
