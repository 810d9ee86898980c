import { existsSync, mkdirSync, writeFileSync } from "node:fs";
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
};
for (const name of serviceNames) {
  const password = secrets.databasePasswords[name];
  files[`${name}_database_password`] = password;
  files[`${name}_database_url`] = `postgres://ecotrack_${name}:${password}@postgres:5432/ecotrack_${name}`;
  files[`${name}_service_key`] = JSON.stringify(secrets.serviceKeys[name]);
}

// Keys and the bundle that trusts them, passwords and the URLs that carry them belong together: all of them or none.
if (existsSync(join(folder, "service_trust"))) {
  console.log(`${folder} has its secrets already: nothing was changed`);
} else {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Containers read them under another id, so the folder keeps others out and not the files.
  for (const [name, value] of Object.entries(files)) {
    if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), value, { mode: 0o644 });
  }
  console.log(`${Object.keys(files).length} secrets are in ${folder}`);
}
