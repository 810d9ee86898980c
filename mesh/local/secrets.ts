import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "./home.ts";
import { LocalFailure } from "./local-failure.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";

export const databaseNames = [...serviceNames, "bus"] as const;
export type DatabaseName = (typeof databaseNames)[number];

/** Everything secret that a system on this machine needs, made once. */
export interface Secrets {
  readonly postgresPassword: string;
  readonly redisPassword: string;
  readonly databasePasswords: Readonly<Record<DatabaseName, string>>;
  /** The private ES256 JWK by which each service proves who it is. */
  readonly serviceKeys: Readonly<Record<ServiceName, JsonWebKey>>;
  /** The gateway's own, for what it asks services in its own name. */
  readonly gatewayKey: JsonWebKey;
  /** 32 bytes in base64: user-service encrypts its signing keys with it. */
  readonly keyEncryptionKey: string;
  readonly stripeSecretKey: string;
  readonly stripeWebhookSecret: string;
  readonly paypalClientSecret: string;
  /** `id:key`: payment-service seals columns with it. */
  readonly paymentKeyring: string;
}

/** The secrets of this folder; made, readable by their owner only, when there are none. */
export async function openSecrets(home: Home): Promise<Secrets> {
  const file = join(home.directory, "secrets.json");
  if (!existsSync(file)) {
    if (existsSync(join(home.directory, "postgres"))) throw damaged(file, "it is missing");
    const secrets = await createSecrets();
    writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
    return secrets;
  }
  const found = await completed(readJson(file), file);
  if (isSecrets(found)) return found;
  throw damaged(file, "a secret is missing");
}

/** A folder from before a secret was needed gets it now. */
async function completed(found: unknown, file: string): Promise<unknown> {
  if (typeof found !== "object" || found === null) return found;
  const later = { ...createPaymentSecrets(), gatewayKey: await signingKey("gateway") };
  const added = Object.entries(later).filter(([name]) => !(name in found));
  if (added.length === 0) return found;
  const secrets = { ...found, ...Object.fromEntries(added) };
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return secrets;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(file, "it is not JSON");
    throw error;
  }
}

function isSecrets(value: unknown): value is Secrets {
  const { databasePasswords, serviceKeys, gatewayKey, ...single } = (value ?? {}) as Partial<Secrets>;
  return (
    databaseNames.every((name) => databasePasswords?.[name]) &&
    serviceNames.every((name) => serviceKeys?.[name]) &&
    gatewayKey !== undefined &&
    singleSecrets.every((name) => single[name])
  );
}

const singleSecrets = [
  "postgresPassword",
  "redisPassword",
  "keyEncryptionKey",
  "stripeSecretKey",
  "stripeWebhookSecret",
  "paypalClientSecret",
  "paymentKeyring",
] as const;

export async function createSecrets(): Promise<Secrets> {
  const keys = await Promise.all(
    serviceNames.map(async (name) => [name, await signingKey(`${name}-service`)]),
  );
  return {
    postgresPassword: random(),
    redisPassword: random(),
    databasePasswords: Object.fromEntries(
      databaseNames.map((name) => [name, random()]),
    ) as Secrets["databasePasswords"],
    serviceKeys: Object.fromEntries(keys),
    gatewayKey: await signingKey("gateway"),
    keyEncryptionKey: randomBytes(32).toString("base64"),
    stripeSecretKey: `sk_test_${random()}`,
    stripeWebhookSecret: `whsec_${random()}`,
    ...createPaymentSecrets(),
  };
}

function createPaymentSecrets(): Pick<Secrets, "paypalClientSecret" | "paymentKeyring"> {
  return { paypalClientSecret: random(), paymentKeyring: `k1:${randomBytes(32).toString("base64")}` };
}

/** The JWKS of all public keys by which services, and the gateway, sign: by it each checks who calls. */
export function serviceTrust({ serviceKeys, gatewayKey }: Secrets): { keys: JsonWebKey[] } {
  const keys = [...Object.values(serviceKeys), gatewayKey];
  return { keys: keys.map(({ d: _private, ...publicKey }) => publicKey) };
}

async function signingKey(owner: string): Promise<JsonWebKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return Object.assign({ kty, crv, x, y, d, alg: "ES256" }, { kid: `${owner}/1` }) as JsonWebKey;
}

function random(): string {
  return randomBytes(24).toString("base64url");
}

function damaged(file: string, what: string): LocalFailure {
  return new LocalFailure(`${file} is damaged (${what}): start over with: bun dev --fresh`);
}
