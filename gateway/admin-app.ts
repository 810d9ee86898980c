import { Elysia } from "elysia";
import { problemResponse, problems } from "#mesh/problem";
import type { Metrics } from "#observability/metrics";
import type { Snapshots } from "./configuration/snapshots.ts";
import type { Readiness } from "./readiness.ts";
import type { Threats } from "./threats/threats.ts";

interface AdminOptions {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly snapshots: Snapshots;
  readonly threats: Threats;
}

/** What operators, probes and Prometheus ask; served on the admin port only. */
export function createAdminApp({ readiness, metrics, snapshots, threats }: AdminOptions) {
  return (
    new Elysia({ name: "gateway-admin", handler: { standardHostname: false } })
      .onError({ as: "global" }, ({ code, path }) =>
        problemResponse(code === "NOT_FOUND" ? problems.notFound("No such path") : problems.internal(), path),
      )
      .get("/health/live", () => Response.json({ status: "live" }))
      .get("/health/ready", async () => {
        const state = await readiness.ask();
        return Response.json(state, { status: state.status === "ready" ? 200 : 503 });
      })
      .get("/metrics", ({ request }) => metrics.answer(request.headers.get("accept")))
      // The file holds no secret: what would be one is refused when it is read.
      .get("/config", () => {
        const { path, refused, current } = snapshots;
        const { hash, loadedAt, file } = current;
        return Response.json({ path, hash, loadedAt, refused, config: file });
      })
      .get("/threats", () => Response.json(threats.view()))
      // Pardons. A key has spaces and colons in it: escaped, it is one segment.
      .delete("/threats/:key", ({ params, path }) =>
        threats.pardon(params.key)
          ? new Response(null, { status: 204 })
          : problemResponse(problems.notFound("Nothing is known of it here; others were told"), path),
      )
  );
}
