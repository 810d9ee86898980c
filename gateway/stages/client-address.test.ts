import { expect, test } from "bun:test";
import { testExchange } from "../testing/test-exchange.ts";
import { findClient, trustProxies } from "./client-address.ts";

const trusted = trustProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);

function clientOf(remoteAddress: string, forwardedFor?: string): string {
  const headers: Record<string, string> =
    forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  const exchange = testExchange({ headers, remoteAddress });
  findClient(exchange, trusted);
  return exchange.address;
}

test.each([
  ["a stranger's claim is not believed", "203.0.113.5", "1.1.1.1", "203.0.113.5"],
  ["a proxy's word is", "10.1.2.3", "203.0.113.5", "203.0.113.5"],
  [
    "proxies behind proxies are walked from the right",
    "10.1.2.3",
    "6.6.6.6, 203.0.113.5, 192.0.2.7",
    "203.0.113.5",
  ],
  ["where all are proxies, the first of them counts", "10.1.2.3", "10.0.0.9, 192.0.2.7", "10.0.0.9"],
  ["what is no address ends the walk", "10.1.2.3", "203.0.113.5, unknown", "10.1.2.3"],
  ["a port behind an address is none of it", "10.1.2.3", "203.0.113.5:40000", "203.0.113.5"],
  ["nor behind one in brackets", "10.1.2.3", "[2001:db8::5]:40000", "2001:db8::5"],
  ["an IPv6 proxy", "fd00::1", "2001:db8::5", "2001:db8::5"],
  ["IPv4 on a dual-stack socket", "::ffff:10.1.2.3", "203.0.113.5", "203.0.113.5"],
  ["IPv4 as a PROXY header of IPv6 has it", "0:0:0:0:0:ffff:a01:203", "203.0.113.5", "203.0.113.5"],
  ["IPv4 in hexadecimal", "10.1.2.3", "::FFFF:cb00:7105", "203.0.113.5"],
])("%s", (_name, socket, chain, client) => {
  expect(clientOf(socket, chain)).toBe(client);
});

test("without the header it is the socket's other end", () => {
  expect(clientOf("10.1.2.3")).toBe("10.1.2.3");
});

test("https is believed from a proxy only", () => {
  const protocolOf = (remoteAddress: string) => {
    const exchange = testExchange({ headers: { "x-forwarded-proto": "https" }, remoteAddress });
    findClient(exchange, trusted);
    return exchange.protocol;
  };
  expect([protocolOf("10.1.2.3"), protocolOf("203.0.113.5")]).toEqual(["https", "http"]);
});

test("a range that is none stops the start", () => {
  expect(() => trustProxies(["10.0.0.0/33"])).toThrow('TRUSTED_PROXIES holds "10.0.0.0/33"');
  expect(() => trustProxies(["localhost"])).toThrow("TRUSTED_PROXIES");
});
