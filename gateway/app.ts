import { Elysia } from "elysia";
import { problemResponse, problems } from "#mesh/problem";
import type { Arrival } from "./exchange.ts";
import type { Pipeline } from "./pipeline.ts";

/** What the listener calls: one function for everything that comes from outside. */
export type Serve = (request: Request, arrival: Arrival) => Response | Promise<Response>;

/**
 * The public application: one catch-all into the pipeline. Elysia's context has no room for what only the listener
 * knows, so that waits beside the request.
 */
export function createApp(pipeline: Pipeline): Serve {
  const arrivals = new WeakMap<Request, Arrival>();
  const unknown: Arrival = { remoteAddress: "" };
  const pass = ({ request }: { request: Request }) => pipeline(request, arrivals.get(request) ?? unknown);
  const app = new Elysia({ name: "gateway", handler: { standardHostname: false } })
    // Elysia reports a path it cannot make out as an error; the pipeline has the words for it.
    .onError({ as: "global" }, ({ code, request }) =>
      code === "NOT_FOUND" ? pass({ request }) : problemResponse(problems.internal(), "/"),
    )
    .all("/*", pass)
    .all("/", pass);
  return (request, arrival) => {
    arrivals.set(request, arrival);
    return app.fetch(request);
  };
}
