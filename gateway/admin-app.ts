import { Elysia } from "elysia";
import { problemResponse, problems } from "#mesh/problem";
import type { Metrics } from "#observability/metrics";
import type { Readiness } from "./readiness.ts";

/** What operators, probes and Prometheus ask; served on the admin port only. */
export function createAdminApp({ readiness, metrics }: { readiness: Readiness; metrics: Metrics }) {
  return new Elysia({ name: "gateway-admin", handler: { standardHostname: false } })
    .onError({ as: "global" }, ({ code, path }) =>
      problemResponse(code === "NOT_FOUND" ? problems.notFound("No such path") : problems.internal(), path),
    )
    .get("/health/live", () => Response.json({ status: "live" }))
    .get("/health/ready", async () => {
      const state = await readiness.ask();
      return Response.json(state, { status: state.status === "ready" ? 200 : 503 });
    })
    .get(
      "/metrics",
      async () =>
        new Response(await metrics.text(), { headers: { "content-type": metrics.registry.contentType } }),
    );
}
