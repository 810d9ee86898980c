import { expect, test } from "bun:test";
import { readConfig } from "./dev-page/config.ts";
import { devPageProcess, devPageTracing } from "./dev-page/dev-page-process.ts";
import { developmentPorts } from "./ports.ts";
import { createSecrets, serviceTrust } from "./secrets.ts";
import { serviceNames } from "./service-names.ts";
import { type ProcessDefinition, systemProcesses } from "./system-processes.ts";
import { welcome } from "./welcome.ts";

const secrets = await createSecrets();
const databaseUrls = Object.fromEntries(
  [...serviceNames, "bus"].map((name) => [name, `postgres://ecotrack_${name}@db/ecotrack_${name}`]),
) as Record<(typeof serviceNames)[number] | "bus", string>;
const settings = {
  ports: developmentPorts("0"),
  stores: { databaseUrls, redisUrl: "redis://redis" },
  secrets,
  chosen: {},
};
const byName = (definitions: ProcessDefinition[], name: string) => {
  const found = definitions.find((definition) => definition.name === name);
  if (!found) throw new Error(`No ${name}`);
  return found;
};

test("each service has its own database and key, and trusts all", () => {
  const definitions = systemProcesses(settings);
  for (const name of serviceNames) {
    const { env, entry } = byName(definitions, `${name}-service`);
    expect(entry).toBe(`services/${name}/main.ts`);
    expect(env).toMatchObject({ DATABASE_URL: databaseUrls[name], BUS_DATABASE_URL: databaseUrls.bus });
    expect(JSON.parse(env.SERVICE_KEY ?? "")).toMatchObject({ kid: `${name}-service/1`, alg: "ES256" });
    expect(JSON.parse(env.SERVICE_TRUST ?? "").keys).toHaveLength(serviceNames.length + 1);
  }
});

test("what all may see holds no private key", () => {
  for (const key of serviceTrust(secrets).keys) expect(Object.keys(key)).not.toContain("d");
});

test("who issues tokens is called by the address that a person is told, in every process", () => {
  const definitions = systemProcesses({ ...settings, ports: developmentPorts("700") });
  const issuers = definitions.filter(({ env }) => env.JWKS_URL).map(({ env }) => env.TOKEN_ISSUER);
  expect(issuers).toEqual(Array(serviceNames.length + 1).fill("http://127.0.0.1:8780"));
  expect(byName(definitions, "user-service").env.PUBLIC_URL).toBe("http://127.0.0.1:8780");
  expect(welcome(developmentPorts("700"), { sandbox: true })).toContain("http://127.0.0.1:8780\n");
});

test("a key is given only to the process that needs it", () => {
  const readers = (value: string) =>
    systemProcesses(settings)
      .filter(({ env }) => JSON.stringify(env).includes(value))
      .map(({ name }) => name);
  expect(readers(secrets.keyEncryptionKey)).toEqual(["user-service"]);
  expect(readers(secrets.stripeSecretKey)).toEqual(["payment-service", "stripe-sandbox"]);
  expect(readers(secrets.paypalClientSecret)).toEqual(["payment-service", "stripe-sandbox"]);
  expect(readers(secrets.paymentKeyring)).toEqual(["payment-service"]);
  expect(readers(secrets.serviceKeys.order.d ?? "")).toEqual(["order-service"]);
  expect(readers(secrets.gatewayKey.d ?? "")).toEqual(["gateway"]);
});

test("Kafka takes the place of the embedded bus", () => {
  const { env } = byName(
    systemProcesses({ ...settings, chosen: { KAFKA_BROKERS: "kafka:9092" } }),
    "order-service",
  );
  expect(env.KAFKA_BROKERS).toBe("kafka:9092");
  expect(env.BUS_DATABASE_URL).toBeUndefined();
});

test("an account at Stripe takes the place of the sandbox", () => {
  const chosen = { STRIPE_SECRET_KEY: "sk_test_mine", STRIPE_WEBHOOK_SECRET: "whsec_mine" };
  const definitions = systemProcesses({ ...settings, chosen });
  expect(definitions.map(({ name }) => name)).not.toContain("stripe-sandbox");
  const { env } = byName(definitions, "payment-service");
  expect(env).toMatchObject(chosen);
  expect(env.STRIPE_API_URL).toBeUndefined();
  expect(env.PAYPAL_CLIENT_ID).toBeUndefined();
});

test("the page knows where all others are, and their traces come to it unless somebody wants them elsewhere", () => {
  const page = devPageProcess(settings, "/logs");
  expect(page).toMatchObject({ readyUrl: "http://127.0.0.1:8099/health/ready", env: { PORT: "8099" } });
  const config = readConfig(page.env);
  expect(config.processes.map(({ name }) => name)).toEqual(systemProcesses(settings).map(({ name }) => name));
  expect(config.processes.find(({ name }) => name === "gateway")?.metricsUrl).toBe(
    "http://127.0.0.1:9080/metrics",
  );
  expect(config.databaseUrls).toEqual(
    Object.fromEntries(serviceNames.map((name) => [name, databaseUrls[name]])),
  );
  expect(devPageTracing(settings)).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:8099" });
  const elsewhere = { ...settings, chosen: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" } };
  expect(devPageTracing(elsewhere)).toEqual({});
  expect(readConfig(devPageProcess(elsewhere, "/logs").env).tracesElsewhere).toBe("http://collector:4318");
});

test("what the caller's shell happens to hold reaches no process", () => {
  process.env.DATABASE_POOL_MAX = "77";
  try {
    for (const { env } of systemProcesses(settings)) expect(env.DATABASE_POOL_MAX).not.toBe("77");
  } finally {
    delete process.env.DATABASE_POOL_MAX;
  }
});
