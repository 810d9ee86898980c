import { type Problem, problemResponse, problems } from "#mesh/problem";
import type { Log } from "#observability/log";
import { changeLogLevel, isLogLevel } from "#observability/log-level";
import { mergeMetrics } from "./merge-metrics.ts";
import type { Worker } from "./worker.ts";

const timeoutMs = 2000;

interface Told {
  readonly process: string;
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
}

/**
 * The admin port of several processes: metrics side by side, healthy when one is, everything else asked of all and
 * answered as a list. What changes something changes it in all of them.
 */
export function createSharedAdmin(
  workers: readonly Worker[],
  log: Log,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const accept = headers.get("accept") ?? "*/*";
    // Before they are asked: one that begins meanwhile begins with it.
    const level = pathname.replace(/^\/log-level\//, "");
    if (method === "PUT" && isLogLevel(level)) changeLogLevel(log, level);
    const asked = { method, path: pathname + search, accept };
    const answers = await Promise.all(workers.map((worker) => ask(worker, asked)));
    const told = answers.filter((answer) => answer !== undefined);
    if (told.length === 0) return refuse(problems.unavailable("No process"), pathname);
    if (pathname === "/metrics") {
      return new Response(mergeMetrics(told), { headers: { "content-type": told[0]?.contentType ?? "" } });
    }
    const processes = workers.map(({ index }) => {
      const answer = told.find(({ process }) => process === String(index));
      return answer
        ? { process: answer.process, status: answer.status, body: parsed(answer.text) }
        : { process: String(index), status: 503, body: "is being started" };
    });
    const statuses = processes.map(({ status }) => status);
    // As long as one serves, the others are not worth ending it: they are started again by themselves.
    const status = pathname.startsWith("/health/") ? Math.min(...statuses) : Math.max(...statuses);
    return Response.json({ processes }, { status });
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly accept?: string;
}

/** What the admin port of one process answers; undefined where there is none, or not in time. */
export async function ask(
  worker: Worker,
  { method, path, accept = "*/*" }: Asked,
): Promise<Told | undefined> {
  if (worker.adminPort === undefined) return undefined;
  try {
    const answer = await fetch(`http://127.0.0.1:${worker.adminPort}${path}`, {
      method,
      headers: { accept },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const contentType = answer.headers.get("content-type") ?? "";
    return { process: String(worker.index), status: answer.status, text: await answer.text(), contentType };
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const refuse = (problem: Problem, path: string): Response => problemResponse(problem, path);
