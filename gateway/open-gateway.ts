import { openRevocations, type Revocations } from "#mesh/identity/revocations";
import { createServiceTokens } from "#mesh/identity/service-tokens";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import { listen } from "#mesh/listen";
import { measureRedis } from "#mesh/redis/measure-redis";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { openTracing } from "#mesh/trace-settings";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import { createAdminApp } from "./admin-app.ts";
import { openAnswers } from "./answers.ts";
import { type ApiKeys, createApiKeys } from "./api-keys/api-keys.ts";
import { createKeyExchange } from "./api-keys/exchange-key.ts";
import { fileVariables, type GatewayConfig } from "./config.ts";
import { keepVerifiers } from "./configuration/snapshot-verifiers.ts";
import { openSnapshots } from "./configuration/snapshots.ts";
import { openLimiter } from "./limits/open-limiter.ts";
import { HttpListener } from "./listener/http-listener.ts";
import { measureConnections } from "./measure-connections.ts";
import { measureIdentity } from "./measure-identity.ts";
import { createPipeline } from "./pipeline.ts";
import type { KeptFile } from "./processes/kept-file.ts";
import { createReadiness } from "./readiness.ts";
import { type TrustedProxies, trustProxies } from "./stages/client-address.ts";
import { shareThreats } from "./threats/share-threats.ts";
import { Threats } from "./threats/threats.ts";
import { UpstreamClient } from "./upstream/upstream-client.ts";
import { ServiceDocuments } from "./validation/service-documents.ts";

/** Requests under way get this long to be answered after SIGTERM. */
const drainMs = 15_000;
/** And what they left of spans this long to reach the collector. */
const traceFlushMs = 2000;

interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Gateways of one name share limits and blocks. */
  readonly group?: string;
  /** What the other processes of this port run. */
  readonly kept?: KeptFile | undefined;
}

export interface RunningGateway {
  readonly adminPort: number;
  readonly edge: HttpListener;
  readonly threats: Threats;
  readonly revocations: Revocations;
  readonly documents: ServiceDocuments;
  /** Reads gateway.yaml again. */
  reload(): void;
  /** Answers what is under way, for so long at most, then ends everything. */
  stop(withinMs?: number): Promise<void>;
}

/** Opens everything that one gateway process needs, and serves. */
export async function openGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, log, metrics } = options;
  const trusted = trustProxies(config.trustedProxies);
  const parts = await openParts(options);
  const { snapshots, threats, revocations, documents, upstreams } = parts;
  const edge = await openEdge(options, parts, trusted);
  measureConnections(metrics, { edge, upstreams });
  const readiness = createReadiness({
    redis: parts.redis,
    verifier: () => snapshots.current.verifier,
    fileRefused: () => snapshots.refused !== undefined,
  });
  const adminApp = createAdminApp({ readiness, metrics, snapshots, threats, log });
  const admin = listen({
    port: config.adminPort,
    hostname: config.adminHost,
    fetch: (request) => adminApp.fetch(request),
  });
  const { table, hash } = snapshots.current;
  log.info({ port: edge.port, adminPort: admin.port, routes: table.routes.length, config: hash }, "serving");
  log.flush();
  const stop = async (withinMs = drainMs) => {
    readiness.drain();
    snapshots.close();
    await edge.stop(withinMs);
    await admin.stop(0);
    await parts.close();
    log.info("stopped");
    log.flush();
  };
  const reload = () => void snapshots.reload();
  return { adminPort: admin.port, edge, threats, revocations, documents, reload, stop };
}

type Parts = Awaited<ReturnType<typeof openParts>>;

/** What answers requests; nothing comes in yet. */
async function openParts({ config, log, metrics, group, kept }: GatewayOptions) {
  const redis = openRedis({ url: config.redisUrl, name: "gateway", log });
  measureRedis(metrics, redis);
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
    kept,
  });
  const verifier = () => snapshots.current.verifier;
  const apiKeys = openApiKeys(config, verifier, log);
  measureIdentity(metrics, { verifier, revocations, apiKeys });
  const shared = { redis, ...(group !== undefined && { group }) };
  const limiter = openLimiter({ ...shared, metrics, processes: config.processes });
  const documents = new ServiceDocuments({ table: () => snapshots.current.table, log });
  documents.start();
  const news = shareThreats({ ...shared, log });
  const tracing = openTracing("gateway", config, { log, metrics });
  const threats = new Threats({ policy: () => snapshots.current.threats, log, metrics, news });
  news.tellTo(threats);
  const close = async () => {
    upstreams.close();
    documents.close();
    news.close();
    await revocations.close();
    await limiter.close();
    redis.disconnect();
    await tracing.close(traceFlushMs);
  };
  return { redis, revocations, upstreams, snapshots, apiKeys, limiter, documents, threats, tracing, close };
}

function openEdge(
  { config, log, metrics }: GatewayOptions,
  parts: Parts,
  trusted: TrustedProxies,
): Promise<HttpListener> {
  const pipeline = createPipeline({ ...parts, pseudonym: config.viaPseudonym, trusted, log, metrics });
  return HttpListener.open({
    port: config.port,
    hostname: config.host,
    // One of several processes: the others listen on it, too.
    reusePort: config.processIndex !== undefined,
    limits: () => parts.snapshots.current.connections,
    trusted,
    serve: (request) => pipeline.serve(request),
    refuse: (problem, address, method) => pipeline.refuse(problem, address, method),
  });
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
