import type { Metrics } from "#observability/metrics";
import type { HttpListener } from "./listener/http-listener.ts";
import type { UpstreamClient } from "./upstream/upstream-client.ts";

const upstreamStates = {
  open: "Connections to services",
  idle: "Connections to services that wait for a call",
  waiting: "Calls that wait for a connection to a service",
} as const;

/** Connections of both sides; counted at each scrape. */
export function measureConnections(
  metrics: Metrics,
  { edge, upstreams }: { edge: HttpListener; upstreams: UpstreamClient },
): void {
  metrics.gauge("gateway_connections", "Open connections of clients", [], () => edge.connections);
  for (const state of ["open", "idle", "waiting"] as const) {
    const sum = () => upstreams.stats().reduce((total, pool) => total + pool[state], 0);
    metrics.gauge(`gateway_upstream_${state}`, upstreamStates[state], [], sum);
  }
}
