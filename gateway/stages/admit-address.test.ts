import { expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { compileAddresses } from "../configuration/address-rules.ts";
import { testExchange } from "../testing/test-exchange.ts";
import { createAdmitAddress } from "./admit-address.ts";
import { findClient, trustProxies } from "./client-address.ts";

const lines: string[] = [];
const log = createLog({
  service: "gateway",
  level: "info",
  destination: { write: (line) => void lines.push(line) },
});
const metrics = createMetrics("gateway");
const admit = createAdmitAddress({ log, metrics });
const trusted = trustProxies(["127.0.0.1"]);

function outcome(address: string, lists: { allow?: string[]; deny?: string[] }): number {
  const exchange = testExchange({ headers: { "x-forwarded-for": address } });
  findClient(exchange, trusted);
  return admit(exchange, compileAddresses({ allow: [], deny: [], ...lists }))?.status ?? 200;
}

test.each([
  ["no lists", "203.0.113.5", {}, 200],
  ["denied", "203.0.113.5", { deny: ["203.0.113.0/24"] }, 403],
  ["another one is denied", "203.0.112.5", { deny: ["203.0.113.0/24"] }, 200],
  ["allowed", "203.0.113.5", { allow: ["203.0.113.0/24"] }, 200],
  ["not allowed", "198.51.100.5", { allow: ["203.0.113.0/24"] }, 403],
  ["deny wins over allow", "203.0.113.5", { allow: ["203.0.113.0/24"], deny: ["203.0.113.5"] }, 403],
  ["IPv6 denied", "2001:db8::5", { deny: ["2001:db8::/32"] }, 403],
  ["IPv6 has no way around an IPv4 list", "::ffff:203.0.113.5", { deny: ["203.0.113.0/24"] }, 403],
  ["nor has it in hexadecimal", "::ffff:cb00:7105", { deny: ["203.0.113.0/24"] }, 403],
])("%s", (_name, address, lists, status) => {
  expect(outcome(address, lists)).toBe(status);
});

test("who is kept out is logged and counted by the list that did it", async () => {
  const text = await metrics.text();
  expect(text).toMatch(/gateway_addresses_refused_total\{rule="deny",[^}]*\} 5/);
  expect(text).toMatch(/gateway_addresses_refused_total\{rule="allow",[^}]*\} 1/);
  expect(lines.some((line) => line.includes("203.0.113.5") && line.includes("addresses.deny"))).toBe(true);
});
