import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecrets, serviceTrust } from "../local/secrets.ts";
import { serviceNames } from "../local/service-names.ts";

// Writes the files that compose.yaml mounts as secrets. Files that exist stay as they are, so that an operator's own
// (a real Stripe key, a password of an existing database) are kept.
const folder = process.argv[2] ?? "secrets";
const secrets = await createSecrets();
const files: Record<string, string> = {
  postgres_password: secrets.postgresPassword,
  redis_password: secrets.redisPassword,
  redis_url: `redis://:${secrets.redisPassword}@redis:6379`,
  key_encryption_key: secrets.keyEncryptionKey,
  stripe_secret_key: secrets.stripeSecretKey,
  stripe_webhook_secret: secrets.stripeWebhookSecret,
  paypal_client_secret: secrets.paypalClientSecret,
  payment_keyring: secrets.paymentKeyring,
  service_trust: JSON.stringify(serviceTrust(secrets)),
  gateway_service_key: JSON.stringify(secrets.gatewayKey),
};
for (const name of serviceNames) {
  const password = secrets.databasePasswords[name];
  files[`${name}_database_password`] = password;
  files[`${name}_database_url`] = `postgres://ecotrack_${name}:${password}@postgres:5432/ecotrack_${name}`;
  files[`${name}_service_key`] = JSON.stringify(secrets.serviceKeys[name]);
}

// Keys and the bundle that trusts them, passwords and the URLs that carry them belong together: all of them or none.
// Empty where they are optional: the feature is not there until somebody puts in what the provider gave.
const optional = [
  "google_client_secret",
  "pagerduty_shop",
  "pagerduty_platform",
  "slack_url",
  "heartbeat_url",
];
if (existsSync(join(folder, "service_trust"))) {
  addGatewayKey();
  console.log(`${folder} has its secrets already: what was there stays`);
} else {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Containers read them under another id, so the folder keeps others out and not the files.
  for (const [name, value] of Object.entries(files)) writeNew(name, value);
  console.log(`${Object.keys(files).length} secrets are in ${folder}`);
}
for (const name of optional) writeNew(name, "");

// Of the profile "observability": each stands for itself, so a folder from before it gets them too.
writeNew("grafana_admin_password", randomBytes(24).toString("base64url"));
writeNew("postgres_monitor_password", randomBytes(24).toString("base64url"));
const redisPassword = readFileSync(join(folder, "redis_password"), "utf8").trim();
writeNew("redis_exporter_passwords", JSON.stringify({ "redis://redis:6379": redisPassword }));

function writeNew(name: string, value: string): void {
  if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), value, { mode: 0o644 });
}

/** A folder from before the gateway had a key gets one, and its bundle trusts it; services read it when they start. */
function addGatewayKey(): void {
  const file = join(folder, "gateway_service_key");
  if (existsSync(file)) return;
  const bundle = JSON.parse(readFileSync(join(folder, "service_trust"), "utf8")) as {
    keys: { kid?: string }[];
  };
  const { d: _private, ...publicKey } = secrets.gatewayKey as JsonWebKey & { kid?: string };
  const keys = [...bundle.keys.filter(({ kid }) => kid !== publicKey.kid), publicKey];
  writeFileSync(join(folder, "service_trust"), JSON.stringify({ keys }), { mode: 0o644 });
  writeFileSync(file, JSON.stringify(secrets.gatewayKey), { mode: 0o644 });
  console.log("gateway_service_key was added: start all services anew, they have a new service_trust");
}
