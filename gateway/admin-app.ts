import { Elysia } from "elysia";
import { problemResponse, problems } from "#mesh/problem";
import type { Log } from "#observability/log";
import { changeLogLevel, isLogLevel, logLevels } from "#observability/log-level";
import type { Metrics } from "#observability/metrics";
import type { Snapshots } from "./configuration/snapshots.ts";
import type { Readiness } from "./readiness.ts";
import type { Threats } from "./threats/threats.ts";

interface AdminOptions {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly snapshots: Snapshots;
  readonly threats: Threats;
  readonly log: Log;
}

/** What operators, probes and Prometheus ask; served on the admin port only. */
export function createAdminApp({ readiness, metrics, snapshots, threats, log }: AdminOptions) {
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
      .get("/log-level", () => Response.json({ level: log.level }))
      .put("/log-level/:level", ({ params: { level }, path }) => {
        if (!isLogLevel(level))
          return problemResponse(problems.notFound(`It is one of ${logLevels.join()}`), path);
        changeLogLevel(log, level);
        return Response.json({ level });
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
