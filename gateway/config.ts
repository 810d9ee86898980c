import {
  choice,
  type Environment,
  integer,
  list,
  readSettings,
  text,
  url,
  type Values,
} from "#mesh/settings";

const serviceUrl = (name: string) => url(name, { protocols: ["http", "https"] });

/** Everything the gateway reads from its environment. Routes, limits and upstreams stand in `gateway.yaml`. */
export const settings = {
  port: integer("PORT", { min: 0, max: 65_535, default: 8080 }),
  host: text("HOST", { default: "127.0.0.1" }),
  adminPort: integer("ADMIN_PORT", { min: 0, max: 65_535, default: 9080 }),
  adminHost: text("ADMIN_HOST", { default: "127.0.0.1" }),
  logLevel: choice("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal"], { default: "info" }),
  redisUrl: { ...url("REDIS_URL", { protocols: ["redis", "rediss"] }), secret: true },
  gatewayFile: text("GATEWAY_FILE", { default: "gateway/gateway.yaml" }),
  userServiceUrl: serviceUrl("USER_SERVICE_URL"),
  productServiceUrl: serviceUrl("PRODUCT_SERVICE_URL"),
  orderServiceUrl: serviceUrl("ORDER_SERVICE_URL"),
  paymentServiceUrl: serviceUrl("PAYMENT_SERVICE_URL"),
  notificationServiceUrl: serviceUrl("NOTIFICATION_SERVICE_URL"),
  jwksUrl: serviceUrl("JWKS_URL"),
  tokenIssuer: text("TOKEN_ISSUER", { default: "https://ecotrack.test" }),
  tokenAudience: text("TOKEN_AUDIENCE", { default: "ecotrack" }),
  /** Addresses and CIDR ranges whose `X-Forwarded-*` headers are believed. */
  trustedProxies: list("TRUSTED_PROXIES", { default: [] }),
};

export type GatewayConfig = Values<typeof settings>;

/** @throws SettingsError with a line per bad key */
export const readConfig = (env: Environment): GatewayConfig => readSettings("gateway", env, settings);

/** What `gateway.yaml` may refer to as `${NAME}`. */
export const fileVariables = (config: GatewayConfig): Readonly<Record<string, string>> => ({
  USER_SERVICE_URL: config.userServiceUrl,
  PRODUCT_SERVICE_URL: config.productServiceUrl,
  ORDER_SERVICE_URL: config.orderServiceUrl,
  PAYMENT_SERVICE_URL: config.paymentServiceUrl,
  NOTIFICATION_SERVICE_URL: config.notificationServiceUrl,
});
