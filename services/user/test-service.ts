import { randomBytes } from "node:crypto";
import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { exportJWK, generateKeyPair } from "jose";
import type { CloudEvent } from "#mesh/events/cloud-event";
import { createIdentity } from "#mesh/identity/identity";
import { openRevocations } from "#mesh/identity/revocations";
import type { ServiceName } from "#mesh/identity/service-name";
import { createServiceTokens } from "#mesh/identity/service-tokens";
import { createTokenVerifier } from "#mesh/identity/verify-token";
import { listen } from "#mesh/listen";
import type { TestDatabase } from "#mesh/postgres/test-database";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import type { Tracing } from "#observability/trace/tracing";
import { createUserApp } from "./app.ts";
import { SessionView } from "./user-schema.ts";

export const migrations = new URL("./migrations/", import.meta.url);
export const goodPassword = "analytical engine 1843";
export type Session = Static<typeof SessionView>;

/** An address that no other test has. */
export const newEmail = () => `u${randomBytes(8).toString("hex")}@example.test`;

/** A connection to the Redis of the tests, which other tests use too. */
export async function openTestRedis() {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error("TEST_REDIS_URL is not set: run the tests by `bun run test`");
  const redis = openRedis({ url, name: "test", log: createLog({ service: "test", level: "fatal" }) });
  await redisReady(redis);
  return redis;
}

interface Request {
  readonly token?: string;
  /** Sent as JSON, unless it is text or a blob: then as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function newServiceKey(name: ServiceName) {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const named = { kid: `${name}/1`, alg: "ES256" };
  const key = JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...named });
  const publicKey = { ...(await exportJWK(pair.publicKey)), ...named };
  return { publicKey, tokens: createServiceTokens({ name, key }) };
}

export type TestService = Awaited<ReturnType<typeof startTestService>>;

/**
 * A user-service that listens and verifies its own tokens over its own JWKS, as the real one does.
 * `clock.offsetMs` moves the time at which it issues; two of them on one database are two replicas.
 */
export async function startTestService(
  database: TestDatabase,
  {
    issuer = "https://ecotrack.test",
    audience = "ecotrack",
    keyEncryptionKey = Buffer.alloc(32, 7).toString("base64"),
    google,
    tracing,
  }: {
    issuer?: string;
    audience?: string;
    keyEncryptionKey?: string;
    google?: { issuer: string; clientId: string; clientSecret: string };
    tracing?: Tracing;
  } = {},
) {
  const logLines: string[] = [];
  const log = createLog({
    service: "user-service",
    level: "trace",
    destination: { write: (line) => logLines.push(line) },
  });
  const redis = await openTestRedis();
  const revocations = await openRevocations({ redis, log });
  const metrics = createMetrics("user-service");
  const clock = { offsetMs: 0 };
  const holder: { app?: { fetch(request: globalThis.Request): Response | Promise<Response> } } = {};
  const listener = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => holder.app?.fetch(request) ?? new Response(null, { status: 503 }),
  });
  const url = `http://127.0.0.1:${listener.port}`;
  const jwks = { url: `${url}/.well-known/jwks.json` };
  const gateway = await newServiceKey("gateway");
  const { app, seed, close } = await createUserApp({
    config: {
      keyEncryptionKey,
      signingKeyRotationHours: 720,
      tokenIssuer: issuer,
      tokenAudience: audience,
      publicUrl: url,
      googleClientId: google?.clientId,
      googleClientSecret: google?.clientSecret,
      googleIssuer: google?.issuer ?? "https://accounts.google.com",
      signInReturnUrls: ["https://shop.test/signed-in"],
      tiers: ["pro", "business"],
      demoCustomerPassword: "demo password one",
      demoAdminPassword: "demo password two",
    },
    sql: database.sql,
    transaction: database.transaction,
    redis,
    revocations,
    identity: createIdentity({
      users: createTokenVerifier({
        keys: jwks,
        issuer,
        audience,
        isRevoked: (...token) => revocations.isRevoked(...token),
      }),
      services: createTokenVerifier({ keys: { keys: [gateway.publicKey] }, audience: "user-service" }),
    }),
    log,
    metrics,
    tracing,
    now: () => new Date(Date.now() + clock.offsetMs),
    newId: uuidV7,
  });
  holder.app = app;

  /** As HTML forms and OAuth clients send it; nothing is followed. */
  function submit(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams(fields);
    return fetch(url + path, { method: "POST", headers, body, redirect: "manual" });
  }

  async function call(method: string, path: string, { token, body, headers = {} }: Request = {}) {
    const raw = typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body);
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(raw !== undefined && { body: raw }),
    });
    const text = await response.text();
    const answered = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, body: answered };
  }

  /** What a call gave that must begin or continue a session. */
  async function session(path: string, status: number, body: unknown): Promise<Session> {
    const answer = await call("POST", path, { body });
    if (answer.status !== status || !Value.Check(SessionView, answer.body)) {
      throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  return {
    url,
    call,
    submit,
    /** What the gateway proves itself with. */
    gatewayToken: () => gateway.tokens.for("user-service"),
    clock,
    redis,
    revocations,
    metrics,
    logLines,
    seed,
    register: (email = newEmail()) =>
      session("/api/auth/register", 201, {
        email,
        password: goodPassword,
        firstName: "Ada",
        lastName: "Lovelace",
      }),
    logIn: (email: string, password = goodPassword) => session("/api/auth/login", 200, { email, password }),
    refresh: (refreshToken: string) => session("/api/auth/refresh", 200, { refreshToken }),
    /** The events that wait to be published, about one user or all. */
    async events(userId?: string): Promise<CloudEvent[]> {
      const rows = await database.sql<{ payload: string }[]>`
        select payload from outbox where topic = 'user-events' order by id`;
      const events = rows.map(({ payload }) => JSON.parse(payload) as CloudEvent);
      return userId ? events.filter(({ subject }) => subject === userId) : events;
    },
    async close() {
      await listener.stop(1000);
      close();
      await revocations.close();
      redis.disconnect();
    },
  };
}
