import type { Environment } from "#mesh/settings";
import { childEnvironment } from "./child-environment.ts";
import type { Ports } from "./ports.ts";
import type { ProcessGroup } from "./process-records.ts";
import { type Secrets, serviceTrust } from "./secrets.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";
import type { Stores } from "./start-stores.ts";

/** A process of the system: how it is started and how it is seen to be ready. */
export interface ProcessDefinition {
  readonly name: string;
  readonly group: ProcessGroup;
  /** Its main.ts, from the root of the repository. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  readonly readyUrl: string;
}

export interface SystemSettings {
  readonly ports: Ports;
  readonly stores: Pick<Stores, "databaseUrls" | "redisUrl">;
  readonly secrets: Secrets;
  /** Where the sandbox keeps its books; without it a restart forgets what was paid. */
  readonly sandboxBooks?: string;
  /** What the person who starts it decides: KAFKA_BROKERS, LOG_LEVEL, STRIPE_SECRET_KEY and the like. */
  readonly chosen: Environment;
}

export const demoLogins = {
  customer: { email: "demo@ecotrack.test", password: "demo-password-of-ecotrack" },
  admin: { email: "admin@ecotrack.test", password: "admin-password-of-ecotrack" },
} as const;

/** All processes of the system with everything that each reads from its environment. */
export function systemProcesses(settings: SystemSettings): ProcessDefinition[] {
  const { chosen } = settings;
  const services = serviceNames.map((name) => service(name, settings));
  const sandbox = chosen.STRIPE_SECRET_KEY ? [] : [stripeSandbox(settings)];
  return [...services, ...sandbox, mailbox(settings), gateway(settings)];
}

export function localUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function service(name: ServiceName, settings: SystemSettings): ProcessDefinition {
  const { ports, stores, secrets, chosen } = settings;
  const bus: Record<string, string> = chosen.KAFKA_BROKERS
    ? { KAFKA_BROKERS: chosen.KAFKA_BROKERS }
    : { BUS_DATABASE_URL: stores.databaseUrls.bus };
  return {
    name: `${name}-service`,
    group: "service",
    entry: `services/${name}/main.ts`,
    readyUrl: `${localUrl(ports[name])}/health/ready`,
    env: childEnvironment({
      ...common(settings),
      ...bus,
      PORT: String(ports[name]),
      DATABASE_URL: stores.databaseUrls[name],
      // They take turns, and each has its plans and its catalogue for itself: few of them are warm, twenty are not.
      DATABASE_POOL_MAX: "6",
      SERVICE_KEY: JSON.stringify(secrets.serviceKeys[name]),
      SERVICE_TRUST: JSON.stringify(serviceTrust(secrets)),
      MIGRATE_ON_START: "true",
      SEED_ON_START: "true",
      ...ofOneService(name, settings),
    }),
  };
}

/** What only this service reads. */
function ofOneService(name: ServiceName, { ports, secrets, chosen }: SystemSettings): Record<string, string> {
  switch (name) {
    case "user":
      return {
        PUBLIC_URL: localUrl(ports.gateway),
        ...given(chosen, [
          "GOOGLE_CLIENT_ID",
          "GOOGLE_CLIENT_SECRET",
          "GOOGLE_ISSUER",
          "SIGN_IN_RETURN_URLS",
        ]),
        KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey,
        DEMO_CUSTOMER_PASSWORD: demoLogins.customer.password,
        DEMO_ADMIN_PASSWORD: demoLogins.admin.password,
      };
    case "product":
      return {};
    case "order":
      return { PRODUCT_SERVICE_URL: localUrl(ports.product), PAYMENT_SERVICE_URL: localUrl(ports.payment) };
    case "payment":
      return {
        KEYRING: secrets.paymentKeyring,
        PAYMENT_RETURN_URL: `${localUrl(ports.gateway)}/docs`,
        ...given(chosen, ["PAYMENT_CAPTURE", "PAYMENT_ACTION_MINUTES"]),
        ...given(chosen, ["PAYMENT_REFUND_AGAIN_MINUTES", "RECONCILE_MINUTES"]),
        ...stripe(secrets, ports, chosen),
        ...paypal(secrets, ports, chosen),
      };
    case "notification":
      return {
        SMTP_URL: chosen.SMTP_URL ?? `smtp://127.0.0.1:${ports.smtp}`,
        MAIL_FROM: chosen.MAIL_FROM ?? "EcoTrack <orders@ecotrack.test>",
      };
  }
}

/** The sandbox, unless the environment names an account at Stripe. */
function stripe(secrets: Secrets, ports: Ports, chosen: Environment): Record<string, string> {
  if (!chosen.STRIPE_SECRET_KEY) {
    return {
      STRIPE_SECRET_KEY: secrets.stripeSecretKey,
      STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
      STRIPE_API_URL: localUrl(ports.sandbox),
    };
  }
  return given(chosen, ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_URL"]);
}

/** The client id and the webhook id by which payment-service and the sandbox know each other. */
const sandboxPaypal = { PAYPAL_CLIENT_ID: "sandbox-client", PAYPAL_WEBHOOK_ID: "SANDBOXWEBHOOK" } as const;

/** The same for PayPal; not there at all when Stripe is the real one and PayPal was not named. */
function paypal(secrets: Secrets, ports: Ports, chosen: Environment): Record<string, string> {
  if (chosen.PAYPAL_CLIENT_ID) {
    return given(chosen, ["PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_ID", "PAYPAL_API_URL"]);
  }
  if (chosen.STRIPE_SECRET_KEY) return {};
  return {
    ...sandboxPaypal,
    PAYPAL_CLIENT_SECRET: secrets.paypalClientSecret,
    PAYPAL_API_URL: localUrl(ports.sandbox),
  };
}

function gateway(settings: SystemSettings): ProcessDefinition {
  const { ports, secrets } = settings;
  const urls = serviceNames.map((name) => [`${name.toUpperCase()}_SERVICE_URL`, localUrl(ports[name])]);
  return {
    name: "gateway",
    group: "gateway",
    entry: "gateway/main.ts",
    readyUrl: `${localUrl(ports.admin)}/health/ready`,
    env: childEnvironment({
      ...common(settings),
      ...Object.fromEntries(urls),
      PORT: String(ports.gateway),
      ADMIN_PORT: String(ports.admin),
      ADMIN_HOST: "127.0.0.1",
      TRUSTED_PROXIES: "127.0.0.1",
      SERVICE_KEY: JSON.stringify(secrets.gatewayKey),
    }),
  };
}

function stripeSandbox({ ports, secrets, sandboxBooks }: SystemSettings): ProcessDefinition {
  return {
    name: "stripe-sandbox",
    group: "helper",
    entry: "services/payment/sandbox/main.ts",
    readyUrl: `${localUrl(ports.sandbox)}/health/ready`,
    env: childEnvironment({
      ...thrift,
      PORT: String(ports.sandbox),
      HOST: "127.0.0.1",
      SECRET_KEY: secrets.stripeSecretKey,
      WEBHOOK_SECRET: secrets.stripeWebhookSecret,
      WEBHOOK_URL: `${localUrl(ports.gateway)}/webhooks/stripe`,
      ...sandboxPaypal,
      PAYPAL_CLIENT_SECRET: secrets.paypalClientSecret,
      PAYPAL_WEBHOOK_URL: `${localUrl(ports.gateway)}/webhooks/paypal`,
      ...(sandboxBooks !== undefined && { STATE_FILE: sandboxBooks }),
    }),
  };
}

function mailbox({ ports }: SystemSettings): ProcessDefinition {
  return {
    name: "mailbox",
    group: "helper",
    entry: "services/notification/mailbox/main.ts",
    readyUrl: `${localUrl(ports.mailbox)}/health/ready`,
    env: childEnvironment({
      ...thrift,
      PORT: String(ports.mailbox),
      SMTP_PORT: String(ports.smtp),
      HOST: "127.0.0.1",
    }),
  };
}

/** Where traces go, and how many: all of them unless somebody says otherwise. Without an address nothing is traced. */
const tracing = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_BSP_SCHEDULE_DELAY",
] as const;

/**
 * As in the image, memory goes back to the system after seconds, not at once, which takes a twentieth of all CPU. And
 * what runs often is compiled twice, not three times: the last compiler took 10 % of the runtimes' CPU while orders came
 * in, and gave back less.
 */
const thrift = {
  MIMALLOC_PURGE_DELAY: "5000",
  MIMALLOC_PURGE_HOLES_MIN_INTERVAL: "5000",
  BUN_JSC_useFTLJIT: "0",
} as const;

function common({ ports, stores, chosen }: SystemSettings): Record<string, string> {
  return {
    HOST: "127.0.0.1",
    REDIS_URL: stores.redisUrl,
    JWKS_URL: `${localUrl(ports.user)}/.well-known/jwks.json`,
    // RFC 8414 §3.3: clients take the metadata only from the address that it names as the issuer.
    TOKEN_ISSUER: localUrl(ports.gateway),
    // As in the image: nothing shows a stack trace to a client.
    NODE_ENV: "production",
    ...thrift,
    OTEL_TRACES_SAMPLER_ARG: "1",
    ...given(chosen, ["LOG_LEVEL", ...tracing]),
  };
}

function given(chosen: Environment, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => (chosen[name] ? [[name, chosen[name]]] : []));
  return Object.fromEntries(found);
}
