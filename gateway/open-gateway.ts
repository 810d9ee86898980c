import { openRevocations } from "#mesh/identity/revocations";
import { createServiceTokens } from "#mesh/identity/service-tokens";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import { listen } from "#mesh/listen";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import type { Log } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createAdminApp } from "./admin-app.ts";
import { openAnswers } from "./answers.ts";
import { type ApiKeys, createApiKeys } from "./api-keys/api-keys.ts";
import { createKeyExchange } from "./api-keys/exchange-key.ts";
import { fileVariables, type GatewayConfig } from "./config.ts";
import { keepVerifiers } from "./configuration/snapshot-verifiers.ts";
import { openSnapshots } from "./configuration/snapshots.ts";
import { openLimiter } from "./limits/open-limiter.ts";
import { HttpListener } from "./listener/http-listener.ts";
import { measureIdentity } from "./measure-identity.ts";
import { createPipeline } from "./pipeline.ts";
import { createReadiness } from "./readiness.ts";
import { trustProxies } from "./stages/client-address.ts";
import { shareThreats } from "./threats/share-threats.ts";
import { Threats } from "./threats/threats.ts";
import { UpstreamClient } from "./upstream/upstream-client.ts";
import { ServiceDocuments } from "./validation/service-documents.ts";

/** Requests under way get this long to be answered after SIGTERM. */
const drainMs = 15_000;

const upstreamStates = {
  open: "Connections to services",
  idle: "Connections to services that wait for a call",
  waiting: "Calls that wait for a connection to a service",
} as const;

export interface RunningGateway {
  readonly adminPort: number;
  /** Answers what is under way, then ends everything. */
  stop(): Promise<void>;
}

/**
 * Opens everything that one gateway process needs, and serves.
 * @param sharesPort whether other processes listen on the same port
 */
export async function openGateway(
  config: GatewayConfig,
  log: Log,
  sharesPort: boolean,
): Promise<RunningGateway> {
  const trusted = trustProxies(config.trustedProxies);
  const metrics = createMetrics("gateway");
  metrics.collectRuntime();
  const redis = openRedis({ url: config.redisUrl, name: "gateway", log });
  if (!(await redisReady(redis))) log.warn("starting without Redis");
  const revocations = await openRevocations({ redis, log });
  const upstreams = new UpstreamClient();
  const snapshots = await openSnapshots({
    path: config.gatewayFile,
    variables: fileVariables(config),
    sources: {
      prepareVerifier: keepVerifiers({ isRevoked: revocations.isRevoked, log }),
      answersFor: await openAnswers({ upstreams, log }),
      now: () => new Date(),
    },
    log,
    metrics,
  });
  const verifier = () => snapshots.current.verifier;
  const apiKeys = openApiKeys(config, verifier, log);
  measureIdentity(metrics, { verifier, revocations, apiKeys });
  const limiter = openLimiter({ redis, metrics, processes: config.processes });
  const documents = new ServiceDocuments({ table: () => snapshots.current.table, log });
  documents.start();
  const news = shareThreats({ redis, log });
  const threats = new Threats({ policy: () => snapshots.current.threats, log, metrics, news });
  news.tellTo(threats);
  const pipeline = createPipeline({
    snapshots,
    apiKeys,
    trusted,
    limiter,
    upstreams,
    documents,
    threats,
    log,
    metrics,
  });
  const readiness = createReadiness({ redis, verifier });
  const admin = createAdminApp({ readiness, metrics, snapshots, threats });
  const edge = await HttpListener.open({
    port: config.port,
    hostname: config.host,
    reusePort: sharesPort,
    limits: () => snapshots.current.connections,
    trusted,
    serve: (request) => pipeline.serve(request),
    refuse: (problem, address) => pipeline.refuse(problem, address),
  });
  metrics.gauge("gateway_connections", "Open connections of clients", [], () => edge.connections);
  for (const state of ["open", "idle", "waiting"] as const) {
    const sum = () => upstreams.stats().reduce((total, pool) => total + pool[state], 0);
    metrics.gauge(`gateway_upstream_${state}`, upstreamStates[state], [], sum);
  }
  const watch = listen({
    port: config.adminPort,
    hostname: config.adminHost,
    fetch: (request) => admin.fetch(request),
  });
  process.on("SIGHUP", () => void snapshots.reload());
  const { table, hash } = snapshots.current;
  log.info({ port: edge.port, adminPort: watch.port, routes: table.routes.length, config: hash }, "serving");
  log.flush();
  const stop = async () => {
    readiness.drain();
    snapshots.close();
    await edge.stop(drainMs);
    await watch.stop(0);
    upstreams.close();
    documents.close();
    news.close();
    await revocations.close();
    await limiter.close();
    redis.disconnect();
    log.info("stopped");
    log.flush();
  };
  return { adminPort: watch.port, stop };
}

/** Without a key of its own the gateway cannot ask what an API key is worth, and takes none. */
function openApiKeys(
  { serviceKey, userServiceUrl }: GatewayConfig,
  verifier: () => TokenVerifier,
  log: Log,
): ApiKeys | undefined {
  if (serviceKey === undefined) return undefined;
  const tokens = createServiceTokens({ name: "gateway", key: serviceKey });
  return createApiKeys({ exchange: createKeyExchange({ userServiceUrl, tokens, log }), verifier });
}
