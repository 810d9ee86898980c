import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { freePorts } from "../../../mesh/local/free-ports.ts";
import type { Home } from "../../../mesh/local/home.ts";
import { pinnedBun } from "../../../mesh/local/install-packages.ts";
import { startRedis } from "../../../mesh/local/redis-server.ts";
import { createSecrets } from "../../../mesh/local/secrets.ts";
import { settings } from "../../config.ts";
import { ours } from "./comparison-table.ts";
import { bind } from "./cores.ts";
import type { Bench, Peer } from "./peer.ts";
import { childrenOf } from "./process-usage.ts";
import { jwksPath } from "./sample-request.ts";
import { startServer } from "./start-server.ts";
import type { Tokens } from "./tokens.ts";

export interface GatewayOptions {
  readonly upstream: string;
  readonly tokens: Tokens;
  /** That share the port. */
  readonly processes?: number;
  /** The runtime's own, before the program. */
  readonly flags?: readonly string[];
  /** The limits as they stand in gateway.yaml, and not out of reach. */
  readonly realLimits?: boolean;
  /** Nothing is traced: what the traces of the others cost is the difference. */
  readonly untraced?: boolean;
}

/** What the gateway can be told depends on its version: a setting that it does not have is not set, and told. */
const has = (name: string): boolean => Object.values(settings).some((setting) => setting.name === name);

const collector = "OTEL_EXPORTER_OTLP_ENDPOINT";
const processes = "GATEWAY_PROCESSES";

/**
 * The gateway as in production: gateway.yaml, ES256, two limits shared over Redis, metrics, the access log into a file,
 * and 10 % traces where it can trace.
 */
export async function startGatewayPeer(bench: Bench, options: GatewayOptions): Promise<Peer> {
  const { upstream, tokens } = options;
  const redis = await redisOf(bench);
  const count = options.processes ?? 1;
  const traced = has(collector) && !options.untraced;
  const name = `gateway-${++started}`;
  const file = join(bench.home.directory, `${name}.yaml`);
  writeFileSync(file, gatewayFile(bench.root, options.realLimits ?? false));
  const [adminPort = 0] = await freePorts(1);
  const names = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];
  const env = {
    ...Object.fromEntries(names.map((name) => [`${name}_SERVICE_URL`, upstream])),
    JWKS_URL: upstream + jwksPath,
    REDIS_URL: redis.url,
    GATEWAY_FILE: file,
    ADMIN_PORT: String(adminPort),
    NODE_ENV: "production",
    // As in mesh/images/Dockerfile.
    MIMALLOC_PURGE_DELAY: "5000",
    MIMALLOC_PURGE_HOLES_MIN_INTERVAL: "5000",
    BUN_JSC_forceRAMSize: "1073741824",
    // What stands behind all of them takes spans as it takes everything.
    ...(traced && { [collector]: upstream, OTEL_TRACES_SAMPLER_ARG: "0.1" }),
    ...(has(processes) && { [processes]: String(count) }),
  };
  const [port = 0] = await freePorts(1);
  const main = join(bench.root, "gateway/main.ts");
  const { process } = await startServer(bench, {
    name,
    place: "underTest",
    command: () => [pinnedBun(bench.root), ...(options.flags ?? []), main],
    env: { ...env, PORT: String(port) },
    port,
    ready: "/health/ready",
    readyPort: adminPort,
  });
  return {
    name: options.untraced ? `${ours}, untraced` : ours,
    does: `ES256 token, two limits over Redis, metrics, access log${traced ? ", 10 % traces" : "; no traces"}`,
    port,
    pids: [process.pid, ...childrenOf(process.pid)],
    also: { Redis: redis.pid },
    token: tokens.es256(1),
  };
}

let started = 0;
const redisServers = new WeakMap<Home, Promise<{ url: string; pid: number }>>();

/** One for all gateways of a run, beside the generator and not beside what is measured. */
function redisOf(bench: Bench): Promise<{ url: string; pid: number }> {
  const known = redisServers.get(bench.home);
  if (known) return known;
  const starting = (async () => {
    const { redisPassword } = await createSecrets();
    const { url, process } = await startRedis(bench.home, { password: redisPassword, durable: false });
    await bind(process.pid, bench.cores.around);
    return { url, pid: process.pid };
  })();
  redisServers.set(bench.home, starting);
  return starting;
}

/** A minute: 100,000 a second are more than a core answers, and still a limit like others to whoever counts. */
const outOfReach = { requests: 6_000_000, burst: 200_000 };

/** The repository's own file with a second limit for every route. */
function gatewayFile(root: string, realLimits: boolean): string {
  const file = parse(readFileSync(join(root, "gateway/gateway.yaml"), "utf8"));
  // Out of reach like the limits: a flood is to be measured and not shut out.
  if (!realLimits) delete file.threats;
  const large = realLimits ? {} : outOfReach;
  for (const limit of Object.values<Record<string, unknown>>(file.limits)) Object.assign(limit, large);
  file.limits["bench-address"] = { ...outOfReach, perSeconds: 60, by: ["address"] };
  file.defaults.limits = [...file.defaults.limits, "bench-address"];
  return stringify(file);
}
