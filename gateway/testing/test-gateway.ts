import { connect } from "node:net";
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import { openRevocations, type Revocations } from "#mesh/identity/revocations";
import { type Listener, listen } from "#mesh/listen";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics, type Metrics } from "#observability/metrics";
import { openAnswers } from "../answers.ts";
import { createApiKeys } from "../api-keys/api-keys.ts";
import { createKeyExchange } from "../api-keys/exchange-key.ts";
import { readGatewayFile } from "../configuration/gateway-file.ts";
import { type CurrentSnapshot, compileSnapshot } from "../configuration/snapshot.ts";
import { keepVerifiers } from "../configuration/snapshot-verifiers.ts";
import { openLimiter } from "../limits/open-limiter.ts";
import { HttpListener } from "../listener/http-listener.ts";
import { createPipeline } from "../pipeline.ts";
import { trustProxies } from "../stages/client-address.ts";
import { Threats } from "../threats/threats.ts";
import { UpstreamClient } from "../upstream/upstream-client.ts";
import { ServiceDocuments } from "../validation/service-documents.ts";

type Handler = (request: Request) => Response | Promise<Response>;

export const testIssuer = "https://ecotrack.test";

/** A gateway before services that a test plays itself, with a key of its own to sign tokens. For tests only. */
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
  const file = readGatewayFile("gateway.yaml", options.file, {
    UPSTREAM_URL: upstreamUrl,
    // Nobody listens there: the port is reserved (RFC 1700) and not served by tests.
    DEAD_URL: "http://127.0.0.1:49151",
    JWKS_URL: `${upstreamUrl}/.well-known/jwks.json`,
    TOKEN_ISSUER: testIssuer,
    TOKEN_AUDIENCE: "ecotrack",
    ...options.variables,
  });
  const redis = openRedis({ url: options.redisUrl ?? testRedisUrl(), name: "gateway-test", log });
  if (!options.redisUrl) await redisReady(redis);
  const revocations = await openRevocations({ redis, log });
  const metrics = createMetrics("gateway");
  const upstreams = new UpstreamClient();
  const sources = {
    prepareVerifier: keepVerifiers({ isRevoked: revocations.isRevoked, log }),
    answersFor: await openAnswers({ upstreams, log }),
    now: () => new Date(),
  };
  const snapshots: CurrentSnapshot = { current: compileSnapshot(sources, file, options.file).value };
  const trusted = trustProxies(options.trustedProxies ?? ["127.0.0.1"]);
  const apiKeys = createApiKeys({
    exchange: createKeyExchange({ userServiceUrl: upstreamUrl, tokens: { for: async () => "gateway" }, log }),
    verifier: () => snapshots.current.verifier,
  });
  // Gateways of other tests are no company.
  const limiter = openLimiter({ redis, metrics, group: uuidV7() });
  const documents = new ServiceDocuments({ table: () => snapshots.current.table, log });
  await documents.look();
  const threats = new Threats({ policy: () => snapshots.current.threats, log, metrics });
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
  const edge = await HttpListener.open({
    port: 0,
    hostname: "127.0.0.1",
    limits: () => snapshots.current.connections,
    trusted,
    serve: (request) => pipeline.serve(request),
    refuse: (problem, address) => pipeline.refuse(problem, address),
  });
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
    close: () =>
      closeAll(edge, upstream, upstreams, async () => {
        await revocations.close();
        await limiter.close();
        redis.disconnect();
      }),
  };
}

async function closeAll(
  edge: HttpListener,
  upstream: Listener,
  upstreams: UpstreamClient,
  rest: () => Promise<void>,
): Promise<void> {
  await edge.stop(100);
  await upstream.stop(100);
  upstreams.close();
  await rest();
}

async function testKeys() {
  const good = await generateKeyPair("ES256", { extractable: true });
  const bad = await generateKeyPair("ES256", { extractable: true });
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
  return { published, token };
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
