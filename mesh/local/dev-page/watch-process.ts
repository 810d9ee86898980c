import { readPrometheusText, type Samples, sumOf } from "./prometheus-text.ts";
import { type RequestCounts, type RequestFigures, requestCounts, requestFigures } from "./request-figures.ts";

export interface WatchedProcess {
  readonly name: string;
  readonly kind: "gateway" | "service" | "helper";
  readonly readyUrl: string;
  /** Undefined for one that tells none. */
  readonly metricsUrl?: string | undefined;
}

export interface ProcessState {
  readonly name: string;
  readonly kind: WatchedProcess["kind"];
  /** `starting` until it was ready once. */
  readonly health: "starting" | "ready" | "not-ready" | "away";
  /** Why it is not ready, in its own words. */
  readonly reason?: string;
  readonly version?: string;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly memoryBytes?: number;
  readonly eventLoopMs?: number;
  readonly figures?: RequestFigures;
}

export interface ProcessWatch {
  readonly state: ProcessState;
  /** What it said last; empty while it is away. */
  readonly samples: Samples;
  look(): Promise<void>;
}

const answerWithinMs = 1500;
/** Over what time figures are made, in looks. */
const window = 15;

/** Looks at one process whenever it is told to. Never throws: whoever is away is shown as away. */
export function watchProcess(
  watched: WatchedProcess,
  { ask = askOf, now = Date.now }: { ask?: Ask; now?: () => number } = {},
): ProcessWatch {
  const { name, kind, readyUrl, metricsUrl } = watched;
  let wasReady = false;
  let counts: RequestCounts[] = [];
  let samples: Samples = new Map();
  let state: ProcessState = { name, kind, health: "starting" };

  async function look(): Promise<void> {
    const [ready, metrics] = await Promise.all([
      ask(readyUrl),
      metricsUrl === undefined ? undefined : ask(metricsUrl),
    ]);
    const health = healthOf(ready, wasReady);
    wasReady ||= health.health === "ready";
    samples = metrics?.ok ? readPrometheusText(metrics.text) : new Map();
    state = { name, kind, ...health, ...(metrics?.ok && told()) };
  }

  function told(): Partial<ProcessState> {
    const latest = requestCounts(samples, now());
    const [oldest] = counts;
    counts = [...counts, latest].slice(-window);
    const startedAt = sumOf(samples, "process_start_time_seconds");
    const memoryBytes = sumOf(samples, "process_resident_memory_bytes");
    const eventLoop = sumOf(samples, "nodejs_eventloop_lag_p99_seconds");
    const version = versionIn(samples);
    return {
      figures: requestFigures(oldest, latest),
      ...(startedAt !== undefined && { startedAt: startedAt * 1000 }),
      ...(memoryBytes !== undefined && { memoryBytes }),
      ...(eventLoop !== undefined && { eventLoopMs: eventLoop * 1000 }),
      ...(version !== undefined && { version }),
    };
  }

  return {
    get state() {
      return state;
    },
    get samples() {
      return samples;
    },
    look,
  };
}

function healthOf(ready: Answer | undefined, wasReady: boolean): Pick<ProcessState, "health" | "reason"> {
  if (ready === undefined) {
    return wasReady ? { health: "away", reason: "does not answer" } : { health: "starting" };
  }
  return ready.ok ? { health: "ready" } : { health: "not-ready", reason: reasonIn(ready.text) };
}

/** The names of what it needs and does not have, or what it says else. */
function reasonIn(text: string): string {
  try {
    const { failing, status } = JSON.parse(text) as { failing?: unknown; status?: unknown };
    return Array.isArray(failing)
      ? `without ${failing.join(", ")}`
      : typeof status === "string"
        ? status
        : "not ready";
  } catch {
    return text.slice(0, 100);
  }
}

/** Of a metric such as `ecotrack_build_info{version="…"}`. */
function versionIn(samples: Samples): string | undefined {
  const info = [...samples].find(([name]) => name === "build_info" || name.endsWith("_build_info"));
  return info?.[1][0]?.labels.version;
}

export interface Answer {
  readonly ok: boolean;
  readonly text: string;
}
/** Undefined where nobody answers in time. */
export type Ask = (url: string) => Promise<Answer | undefined>;

export const askOf: Ask = async (url) => {
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(answerWithinMs) });
    return { ok: response.ok, text: await response.text() };
  } catch {
    return undefined;
  }
};
