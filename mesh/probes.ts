import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";

export interface Probes {
  /** Adds a dependency; `check` throws or takes too long when it is not there. */
  ready(name: string, check: () => Promise<unknown>): void;
  /** From now on the process says that it is not ready, so that nobody sends it more. */
  drain(): void;
  /** Answers `/health/live`, `/health/ready` and `/metrics`; undefined for every other path. */
  answer(request: Request, metrics: Metrics): Promise<Response> | undefined;
}

const checkTimeoutMs = 2000;

/** The three paths by which a process is watched. None of them is to be reachable from outside. */
export function createProbes({ log }: { log: Log }): Probes {
  const checks = new Map<string, () => Promise<unknown>>();
  let draining = false;

  async function readiness(): Promise<Response> {
    if (draining) return Response.json({ status: "draining" }, { status: 503 });
    const failing = (await Promise.all([...checks].map(([name, check]) => failureOf(name, check)))).filter(
      (name) => name !== undefined,
    );
    if (failing.length === 0) return Response.json({ status: "ready" });
    log.warn({ failing }, "not ready");
    return Response.json({ status: "not-ready", failing }, { status: 503 });
  }

  return {
    ready: (name, check) => void checks.set(name, check),
    drain() {
      draining = true;
    },
    answer(request, metrics) {
      const path = pathOf(request.url);
      if (path === "/health/ready") return readiness();
      if (path === "/health/live") return Promise.resolve(Response.json({ status: "live" }));
      if (path !== "/metrics") return undefined;
      return metrics.answer(request.headers.get("accept"));
    },
  };
}

async function failureOf(name: string, check: () => Promise<unknown>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, checkTimeoutMs, name);
  });
  const checked = check().then(
    () => undefined,
    () => name,
  );
  const failing = await Promise.race([checked, late]);
  clearTimeout(timer);
  return failing;
}

/** Cheaper than parsing the whole URL, which every request would pay for. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
}
