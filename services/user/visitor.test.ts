import { expect, test } from "bun:test";
import { networkOf, visitorOf } from "./visitor.ts";

test.each([
  ["203.0.113.5", "203.0.113.5"],
  ["2001:db8:1:2:a:b:c:d", "2001:db8:1:2::/64"],
  ["2001:0DB8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["", ""],
])("%s counts as %s", (address, network) => expect(networkOf(address)).toBe(network));

test("what is no address and what cannot be printed is left out", () => {
  const headers = { "x-forwarded-for": "unknown", "user-agent": `Browser\t${"x".repeat(300)}` };
  const { address, agent } = visitorOf(new Request("http://user.test/", { headers }));
  expect([address, agent.length, agent.includes("\t")]).toEqual(["", 200, false]);
});
