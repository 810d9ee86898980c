import type { Ports } from "./ports.ts";
import type { Secrets } from "./secrets.ts";
import { serviceNames } from "./service-names.ts";
import type { Stores } from "./start-stores.ts";
import { demoLogins, localUrl } from "./system-processes.ts";

/**
 * What a journey knows of the running system: where it answers, who may log in, and, for the checks that look
 * behind the gateway, the databases and the keys with which a token could be forged.
 */
export function journeyEnvironment({
  ports,
  stores,
  secrets,
}: {
  ports: Ports;
  stores: Stores;
  secrets: Secrets;
}): Record<string, string> {
  const perService = serviceNames.flatMap((name) => [
    [`${name.toUpperCase()}_SERVICE_URL`, localUrl(ports[name])],
    [`${name.toUpperCase()}_DATABASE_URL`, stores.databaseUrls[name]],
  ]);
  return {
    GATEWAY_URL: localUrl(ports.gateway),
    ADMIN_URL: localUrl(ports.admin),
    MAILBOX_URL: localUrl(ports.mailbox),
    SANDBOX_URL: localUrl(ports.sandbox),
    ...Object.fromEntries(perService),
    BUS_DATABASE_URL: stores.databaseUrls.bus,
    REDIS_URL: stores.redisUrl,
    TEST_DATABASE_URL: stores.postgresUrl,
    TEST_REDIS_URL: stores.redisUrl,
    DEMO_CUSTOMER_EMAIL: demoLogins.customer.email,
    DEMO_CUSTOMER_PASSWORD: demoLogins.customer.password,
    DEMO_ADMIN_EMAIL: demoLogins.admin.email,
    DEMO_ADMIN_PASSWORD: demoLogins.admin.password,
    SERVICE_KEYS: JSON.stringify(secrets.serviceKeys),
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
  };
}
