import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { placeholderVariables } from "../config.ts";
import { parseGatewayFile } from "../configuration/gateway-file.ts";
import { compileRoutes } from "../routes.ts";
import { signalOf } from "./signal-of.ts";

const own = readFileSync(new URL("../gateway.yaml", import.meta.url), "utf8");
const { routes } = compileRoutes(parseGatewayFile("gateway.yaml", own, placeholderVariables({})).file);

test.each([
  ["/api/auth/login", "failed-sign-in"],
  ["/api/auth/google/session", "failed-sign-in"],
  ["/oauth/token", "failed-sign-in"],
  ["/api/auth/refresh", "unauthorized"],
  ["/api/sessions", "unauthorized"],
] as const)("a service's 401 at %p is %p", (path, signal) => {
  expect(
    signalOf(
      401,
      undefined,
      routes.find(({ template }) => template === path),
    ),
  ).toBe(signal);
});

test("the gateway's own 401 is nobody's password", () => {
  const login = routes.find(({ template }) => template === "/api/auth/login");
  expect(signalOf(401, "unauthorized", login)).toBe("unauthorized");
});
