import { readFile } from "node:fs/promises";
import { openRevocations } from "#mesh/identity/revocations";
import { createTokenVerifier } from "#mesh/identity/verify-token";
import { listen } from "#mesh/listen";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { createLog, type Log } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createAdminApp } from "./admin-app.ts";
import { createAnswers } from "./answers.ts";
import { createApp } from "./app.ts";
import { fileVariables, type GatewayConfig, readConfig } from "./config.ts";
import { readGatewayFile } from "./gateway-file.ts";
import { LocalLimiter } from "./limits/local-limiter.ts";
import { SharedLimiter } from "./limits/shared-limiter.ts";
import { createPipeline } from "./pipeline.ts";
import { createReadiness } from "./readiness.ts";
import { compileRoutes } from "./routes.ts";
import { trustProxies } from "./stages/client-address.ts";
import { Deadlines } from "./upstream/deadlines.ts";

/** Requests under way get this long to be answered after SIGTERM. */
const drainMs = 15_000;
/** Above every `bodyBytes` that gateway.yaml may allow, so that the refusal is ours and a problem document. */
const listenerBodyBytes = 16 * 1024 * 1024;

async function start(config: GatewayConfig, log: Log): Promise<() => Promise<void>> {
  const text = await readFile(config.gatewayFile, "utf8").catch((cause: Error) => {
    throw new Error(`GATEWAY_FILE cannot be read: ${cause.message}`, { cause });
  });
  const file = readGatewayFile(config.gatewayFile, text, fileVariables(config));
  const table = compileRoutes(file);
  const trusted = trustProxies(config.trustedProxies);
  const metrics = createMetrics("gateway");
  metrics.collectRuntime();
  const redis = openRedis({ url: config.redisUrl, name: "gateway", log });
  if (!(await redisReady(redis))) log.warn("starting without Redis");
  const revocations = await openRevocations({ redis, log });
  const verifier = createTokenVerifier({
    keys: { url: config.jwksUrl },
    issuer: config.tokenIssuer,
    audience: config.tokenAudience,
    isRevoked: (sessionId) => revocations.isRevoked(sessionId),
  });
  const deadlines = new Deadlines();
  const pipeline = createPipeline({
    table,
    cors: { origins: new Set(file.cors.origins), maxAgeSeconds: file.cors.maxAgeSeconds },
    trusted,
    verifier,
    limiter: new SharedLimiter(redis, new LocalLimiter()),
    deadlines,
    answers: await createAnswers({ table, deadlines, log }),
    log,
    metrics,
  });
  const readiness = createReadiness({ redis, jwksUrl: config.jwksUrl });
  const admin = createAdminApp({ readiness, metrics });
  const edge = listen({
    port: config.port,
    hostname: config.host,
    maxRequestBodySize: listenerBodyBytes,
    fetch: createApp(pipeline),
  });
  const watch = listen({
    port: config.adminPort,
    hostname: config.adminHost,
    fetch: (request) => admin.fetch(request),
  });
  log.info({ port: edge.port, adminPort: watch.port, routes: table.routes.length }, "serving");
  log.flush();
  return async () => {
    readiness.drain();
    await edge.stop(drainMs);
    await watch.stop(0);
    deadlines.close();
    await revocations.close();
    redis.disconnect();
    log.info("stopped");
    log.flush();
  };
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ service: "gateway", level: config.logLevel });
  const stop = await start(config, log);
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void stop().finally(() => process.exit(0));
    });
  }
}

main().catch((error: unknown) => {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  const opening = "Cannot start gateway: ";
  for (const line of lines) console.error(line.startsWith(opening) ? line : opening + line);
  process.exit(1);
});
