import type { Log } from "#observability/log";
import type { Answer } from "../pipeline.ts";
import type { RouteTable } from "../routes.ts";
import { type JoinedDocument, joinOpenApi } from "./join-openapi.ts";

const keepMs = 60_000;
/** A partial document is soon made anew: the service may be back. */
const keepPartialMs = 5000;
const timeoutMs = 2000;

/** `GET /openapi.json`: asks the services at most once a minute, however many ask here. */
export function createOpenApiAnswer({ table, log }: { table: RouteTable; log: Log }): Answer {
  let current: Promise<{ text: string; until: number }> | undefined;
  let until = 0;

  async function make(): Promise<{ text: string; until: number }> {
    const document = await ask(table, log);
    const partial = document["x-unavailable"].length > 0;
    return { text: JSON.stringify(document), until: performance.now() + (partial ? keepPartialMs : keepMs) };
  }

  return async () => {
    if (!current || (until > 0 && performance.now() >= until)) {
      until = 0;
      current = make();
    }
    const made = await current;
    until = made.until;
    return new Response(made.text, {
      headers: { "content-type": "application/json", "cache-control": "public, max-age=60" },
    });
  };
}

async function ask(table: RouteTable, log: Log): Promise<JoinedDocument> {
  const documents = await Promise.all(
    [...table.upstreams.values()].map(async ({ name, url }): Promise<[string, unknown]> => {
      try {
        const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(timeoutMs) });
        if (!answer.ok) throw new Error(`${name} answered ${answer.status}`);
        return [name, await answer.json()];
      } catch (error) {
        log.warn({ err: error, upstream: name }, "no OpenAPI document");
        return [name, undefined];
      }
    }),
  );
  return joinOpenApi(table.routes, new Map(documents));
}
