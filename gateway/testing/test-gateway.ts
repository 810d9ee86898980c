import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import type { Revocations } from "#mesh/identity/revocations";
import { listen } from "#mesh/listen";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics, type Metrics } from "#observability/metrics";
import { type GatewayConfig, readConfig } from "../config.ts";
import type { HttpListener } from "../listener/http-listener.ts";
import { openGateway } from "../open-gateway.ts";
import type { Threats } from "../threats/threats.ts";

type Handler = (request: Request) => Response | Promise<Response>;

const testIssuer = "https://ecotrack.test";
/** Nobody listens there: the port is reserved (RFC 1700) and not served by tests. */
const deadUrl = "http://127.0.0.1:49151";

/** The gateway as it is in production, before services that a test plays itself, with a key of its own to sign tokens. For tests only. */
export interface TestGateway {
  readonly port: number;
  readonly url: string;
  readonly metrics: Metrics;
  readonly revocations: Revocations;
  readonly lines: string[];
  readonly threats: Threats;
  readonly edge: HttpListener;
  /** The key set that its tokens are signed with, as text. */
  readonly jwks: string;
  /** Sends a request as if from this address, so that tests do not share rate limits. */
  call(path: string, init?: RequestInit & { address?: string }): Promise<Response>;
  token(claims?: TokenClaims): Promise<string>;
  /** Sends bytes as they are and gives what comes back until the connection ends or `forMs` pass. */
  raw(bytes: string | Uint8Array, forMs?: number): Promise<string>;
  close(): Promise<void>;
}

export interface TokenClaims {
  readonly userId?: string;
  readonly sessionId?: string;
  readonly roles?: readonly string[];
  readonly issuer?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly header?: Partial<JWTHeaderParameters>;
  /** Further ones, `scope` and the like. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Signed with a key that nobody published. */
  readonly forged?: boolean;
}

interface TestGatewayOptions {
  /** Text of a gateway.yaml; `${UPSTREAM_URL}` stands for the service that `handle` plays. */
  readonly file: string;
  readonly handle: Handler;
  readonly redisUrl?: string;
  /** More that the file may refer to. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whose word about the client is believed; this machine's unless a test says otherwise. */
  readonly trustedProxies?: readonly string[];
  /** Further settings, by the names of their environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const keys = await testKeys();
  const upstream = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      new URL(request.url).pathname === "/.well-known/jwks.json"
        ? Response.json(keys.published)
        : options.handle(request),
  });
  const upstreamUrl = `http://127.0.0.1:${upstream.port}`;
  const lines: string[] = [];
  const log = createLog({
    service: "gateway",
    level: "info",
    destination: { write: (line) => void lines.push(line) },
  });
  const metrics = createMetrics("gateway");
  const folder = await mkdtemp(join(tmpdir(), "gateway-"));
  const gatewayFile = join(folder, "gateway.yaml");
  await writeFile(
    gatewayFile,
    fillIn(options.file, { UPSTREAM_URL: upstreamUrl, DEAD_URL: deadUrl, ...options.variables }),
  );
  const config = testConfig(options, { gatewayFile, upstreamUrl, serviceKey: keys.gatewayKey });
  // Gateways of other tests are no company.
  const gateway = await openGateway({ config, log, metrics, group: uuidV7() });
  const { edge, revocations, threats } = gateway;
  await gateway.documents.look();
  const url = `http://127.0.0.1:${edge.port}`;
  return {
    port: edge.port,
    url,
    metrics,
    revocations,
    lines,
    threats,
    edge,
    jwks: JSON.stringify(keys.published),
    call: (path, { address = randomAddress(), ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (!headers.has("x-forwarded-for")) headers.set("x-forwarded-for", address);
      return fetch(url + path, { redirect: "manual", ...init, headers });
    },
    token: keys.token,
    raw: (bytes, forMs) => sendRaw(edge.port, bytes, forMs),
    close: async () => {
      await gateway.stop(100);
      await upstream.stop(100);
      await rm(folder, { recursive: true });
    },
  };
}

/** What a file of tests may refer to beyond what the gateway knows. */
const fillIn = (file: string, variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables).reduce((text, [name, value]) => text.replaceAll(`\${${name}}`, value), file);

/** The gateway's own settings, as its environment would give them. */
function testConfig(
  { redisUrl = testRedisUrl(), trustedProxies = ["127.0.0.1"], env = {} }: TestGatewayOptions,
  { gatewayFile, upstreamUrl, serviceKey }: { gatewayFile: string; upstreamUrl: string; serviceKey: string },
): GatewayConfig {
  const services = ["USER", "PRODUCT", "ORDER", "PAYMENT", "NOTIFICATION"];
  return readConfig({
    ...Object.fromEntries(services.map((name) => [`${name}_SERVICE_URL`, upstreamUrl])),
    PORT: "0",
    ADMIN_PORT: "0",
    REDIS_URL: redisUrl,
    GATEWAY_FILE: gatewayFile,
    JWKS_URL: `${upstreamUrl}/.well-known/jwks.json`,
    TOKEN_ISSUER: testIssuer,
    SERVICE_KEY: serviceKey,
    TRUSTED_PROXIES: trustedProxies.join(","),
    ...env,
  });
}

async function testKeys() {
  const good = await generateKeyPair("ES256", { extractable: true });
  const bad = await generateKeyPair("ES256");
  /** By which the gateway asks user-service about API keys. */
  const own = await generateKeyPair("ES256", { extractable: true });
  const published = {
    keys: [{ ...(await exportJWK(good.publicKey)), kid: "user/1", alg: "ES256", use: "sig" }],
  };
  const token = (claims: TokenClaims = {}): Promise<string> =>
    new SignJWT({
      sid: claims.sessionId ?? uuidV7(),
      roles: [...(claims.roles ?? ["customer"])],
      ...claims.claims,
    })
      .setProtectedHeader({ alg: "ES256", kid: "user/1", typ: "at+jwt", ...claims.header })
      .setIssuer(claims.issuer ?? testIssuer)
      .setAudience(claims.audience ?? "ecotrack")
      .setSubject(claims.userId ?? uuidV7())
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + (claims.expiresIn ?? 900))
      .sign(claims.forged ? bad.privateKey : good.privateKey);
  const gatewayKey = JSON.stringify(await exportJWK(own.privateKey));
  return { published, token, gatewayKey };
}

/** @throws Error when the tests were not started with a Redis */
export function testRedisUrl(): string {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error("TEST_REDIS_URL is not set; run the tests with `bun run test`");
  return url;
}

export const randomAddress = (): string => `10.${byte()}.${byte()}.${byte()}`;
const byte = () => Math.floor(Math.random() * 256);

function sendRaw(port: number, bytes: string | Uint8Array, forMs = 400): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), forMs);
    socket.on("data", (data) => {
      received += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
}
