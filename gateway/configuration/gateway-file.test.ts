import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileVariables, readConfig } from "../config.ts";
import { compileRoutes } from "../routes.ts";
import { parseGatewayFile } from "./gateway-file.ts";
import { gatewayFileSchema } from "./gateway-file-schema.ts";
import { good, read } from "./test-gateway-file.ts";

const environment = {
  REDIS_URL: "redis://127.0.0.1:6379",
  JWKS_URL: "http://127.0.0.1:8081/.well-known/jwks.json",
  USER_SERVICE_URL: "http://127.0.0.1:8081",
  PRODUCT_SERVICE_URL: "http://127.0.0.1:8082",
  ORDER_SERVICE_URL: "http://127.0.0.1:8083",
  PAYMENT_SERVICE_URL: "http://127.0.0.1:8084",
  NOTIFICATION_SERVICE_URL: "http://127.0.0.1:8085",
  SERVICE_KEY: "{}",
};

test("variables of the environment stand in for upstreams, and what is left out has its default", () => {
  const file = read(good);
  expect(file.upstreams).toEqual({ order: { url: "http://127.0.0.1:8083" } });
  expect(file.issuers.shop).toMatchObject({ clockSkewSeconds: 5, requiredClaims: [], headers: {} });
  expect(file.addresses).toEqual({ allow: [], deny: [] });
});

test("the file in the repository is good, and nothing internal can be reached through it", () => {
  const config = readConfig(environment);
  const text = readFileSync(new URL("../gateway.yaml", import.meta.url), "utf8");
  const { file, warnings } = parseGatewayFile("gateway.yaml", text, fileVariables(config));
  expect(warnings).toEqual([]);
  const table = compileRoutes(file);
  expect(table.routes.length).toBeGreaterThan(20);
  const corsOf = (path: string) => table.routes.find(({ template }) => template === path)?.cors?.name;
  const endpoints = ["token", "revoke", "introspect", "authorize"].map((name) => corsOf(`/oauth/${name}`));
  expect(endpoints).toEqual(["applications", "applications", undefined, undefined]);
  for (const path of ["/internal/prices", "/health/live", "/health/ready", "/metrics", "/sandbox/state"]) {
    expect(table.allowed("", path, new Headers())).toBe("");
  }
});

test("the schema that editors read is the one that the gateway checks with", () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL("../gateway.schema.json", import.meta.url), "utf8"),
  );
  expect(published).toEqual(JSON.parse(JSON.stringify(gatewayFileSchema)));
});
