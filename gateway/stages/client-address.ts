import { BlockList, isIP, isIPv4 } from "node:net";
import type { Exchange } from "../exchange.ts";

/** Tells which socket addresses belong to proxies whose word is believed. */
export type TrustedProxies = (address: string) => boolean;

/**
 * @param ranges addresses and CIDR ranges, IPv4 and IPv6
 * @throws Error that names the range which is none
 */
export function trustProxies(ranges: readonly string[]): TrustedProxies {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address);
    const length = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
    if (family === 0 || !Number.isInteger(length) || length < 0 || length > (family === 4 ? 32 : 128)) {
      throw new Error(
        `TRUSTED_PROXIES holds ${JSON.stringify(range)}, expected an address or a range such as 10.0.0.0/8`,
      );
    }
    list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
  }
  // Proxies are few and keep coming, clients are many: only the proxies are worth remembering.
  const known = new Set<string>();
  return (address) => {
    if (known.has(address)) return true;
    const trusted = isIP(address) !== 0 && list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
    if (trusted && known.size < 1000) known.add(address);
    return trusted;
  };
}

/**
 * Finds the client behind trusted proxies: from the right of `X-Forwarded-For`, the first address that is not one of
 * them. What stands to the left of it is the client's own claim and is not believed.
 */
export function findClient(exchange: Exchange, trusted: TrustedProxies): void {
  const socket = plainAddress(exchange.request.remoteAddress);
  exchange.address = socket;
  if (!trusted(socket)) return;
  const { fields } = exchange;
  if (fields.get("x-forwarded-proto") === "https") exchange.protocol = "https";
  const chain = fields.get("x-forwarded-for");
  if (chain === null) return;
  const hops = chain.split(",");
  for (let at = hops.length - 1; at >= 0; at--) {
    const hop = plainAddress(withoutPort((hops[at] ?? "").trim()));
    if (isIP(hop) === 0) return;
    exchange.address = hop;
    if (!trusted(hop)) return;
  }
}

/** `203.0.113.5:40000` and `[2001:db8::1]:40000`, as some load balancers write it. */
function withoutPort(hop: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(hop);
  return match?.[1] ?? match?.[2] ?? hop;
}

const mappedIpv4 = /^(?:::|(?:0{1,4}:){5})ffff:(?:([\d.]+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;

/**
 * IPv4 as a dual-stack socket or the PROXY protocol shows it becomes plain IPv4 (RFC 4291 §2.5.5.2), however it is
 * written: else a client had two addresses, of which only one is on a list.
 */
export function plainAddress(address: string): string {
  if (!address.includes(":")) return address;
  const match = mappedIpv4.exec(address);
  if (!match) return address;
  const [, dotted, high = "", low = ""] = match;
  if (dotted !== undefined) return isIPv4(dotted) ? dotted : address;
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return bits.flatMap((each) => [each >> 8, each & 255]).join(".");
}
