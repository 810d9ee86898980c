import { buildSettings } from "#mesh/build-settings";
import {
  choice,
  type Environment,
  integer,
  list,
  optional,
  readSettings,
  type Setting,
  secret,
  text,
  url,
  type Values,
} from "#mesh/settings";
import { traceSettings } from "#mesh/trace-settings";

const serviceUrl = (name: string) => url(name, { protocols: ["http", "https"] });

/** Everything the gateway reads from its environment. Routes, limits and upstreams stand in `gateway.yaml`. */
export const settings = {
  port: integer("PORT", { min: 0, max: 65_535, default: 8080 }),
  host: text("HOST", { default: "127.0.0.1" }),
  adminPort: integer("ADMIN_PORT", { min: 0, max: 65_535, default: 9080 }),
  adminHost: text("ADMIN_HOST", { default: "127.0.0.1" }),
  logLevel: choice("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal"], { default: "info" }),
  redisUrl: { ...url("REDIS_URL", { protocols: ["redis", "rediss"] }), secret: true },
  /** How many share the port, one for each core; each is a process of its own. */
  processes: integer("GATEWAY_PROCESSES", { min: 1, max: 64, default: 1 }),
  /** Given to each of several processes by the one that began them. */
  processIndex: optional(integer("GATEWAY_PROCESS", { min: 0, max: 63 })),
  /** What the gateways of one group call themselves in `Via`, by which they know a request that comes round (RFC 9110 §7.6.3). */
  viaPseudonym: text("VIA_PSEUDONYM", { default: "ecotrack-gateway", pattern: /^[\w.-]{1,64}$/ }),
  gatewayFile: text("GATEWAY_FILE", { default: "gateway/gateway.yaml" }),
  userServiceUrl: serviceUrl("USER_SERVICE_URL"),
  productServiceUrl: serviceUrl("PRODUCT_SERVICE_URL"),
  orderServiceUrl: serviceUrl("ORDER_SERVICE_URL"),
  paymentServiceUrl: serviceUrl("PAYMENT_SERVICE_URL"),
  notificationServiceUrl: serviceUrl("NOTIFICATION_SERVICE_URL"),
  jwksUrl: serviceUrl("JWKS_URL"),
  tokenIssuer: text("TOKEN_ISSUER", { default: "https://ecotrack.test" }),
  tokenAudience: text("TOKEN_AUDIENCE", { default: "ecotrack" }),
  /** By it the gateway asks user-service about API keys. Without it no API key is taken. */
  serviceKey: optional(secret("SERVICE_KEY")),
  /** Addresses and CIDR ranges whose `X-Forwarded-*` headers are believed. */
  trustedProxies: list("TRUSTED_PROXIES", { default: [] }),
  ...buildSettings(),
  ...traceSettings(),
};

export type GatewayConfig = Values<typeof settings>;

/** @throws SettingsError with a line per bad key */
export const readConfig = (env: Environment): GatewayConfig => readSettings("gateway", env, settings);

/** What `gateway.yaml` may refer to as `${NAME}`. */
const variables = {
  userServiceUrl: settings.userServiceUrl,
  productServiceUrl: settings.productServiceUrl,
  orderServiceUrl: settings.orderServiceUrl,
  paymentServiceUrl: settings.paymentServiceUrl,
  notificationServiceUrl: settings.notificationServiceUrl,
  jwksUrl: settings.jwksUrl,
  tokenIssuer: settings.tokenIssuer,
  tokenAudience: settings.tokenAudience,
} satisfies Partial<typeof settings>;

const variableKeys = Object.keys(variables) as (keyof typeof variables)[];

export const fileVariables = (config: GatewayConfig): Readonly<Record<string, string>> =>
  Object.fromEntries(variableKeys.map((key) => [variables[key].name, config[key]]));

/** As {@link fileVariables} where nothing has to be set: what is not, or makes no sense, gets a name for its value. */
export const placeholderVariables = (env: Environment): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.values(variables).map((setting) => {
      const found = env[setting.name];
      return [setting.name, (found && parsed(setting, found)) ?? placeholderOf(setting.name)];
    }),
  );

/** `.invalid` is a name that nobody has (RFC 2606 §2). */
export const placeholderOf = (name: string): string =>
  `http://${name.toLowerCase().replaceAll("_", "-")}.invalid`;

function parsed(setting: Setting<string>, found: string): string | undefined {
  try {
    return setting.parse(found);
  } catch {
    return undefined;
  }
}
