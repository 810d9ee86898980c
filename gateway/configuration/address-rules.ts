import { BlockList, isIP } from "node:net";

/** An address or a CIDR range, read. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** The list that keeps an address out; undefined when it may call. `deny` wins, and an empty `allow` means everybody. */
export type AddressRules = (address: string) => "allow" | "deny" | undefined;

/** Reads `10.0.0.0/8`, `2001:db8::/32` or an address alone; undefined when it is neither. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)))
    return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  return bits > most ? undefined : { address, bits, family: version === 4 ? "ipv4" : "ipv6" };
}

/** @param allow, deny addresses and ranges that {@link parseRange} takes */
export function compileAddresses(lists: {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}): AddressRules {
  const { allow, deny } = lists;
  if (allow.length === 0 && deny.length === 0) return () => undefined;
  const allowed = blockList(allow);
  const denied = blockList(deny);
  return (address) => {
    const version = isIP(address);
    // What is no address could be on any list.
    if (version === 0) return denied ? "deny" : "allow";
    const family = version === 4 ? "ipv4" : "ipv6";
    if (denied?.check(address, family)) return "deny";
    return allowed === undefined || allowed.check(address, family) ? undefined : "allow";
  };
}

function blockList(ranges: readonly string[]): BlockList | undefined {
  if (ranges.length === 0) return undefined;
  const list = new BlockList();
  for (const text of ranges) {
    const range = parseRange(text);
    if (!range) throw new Error(`${JSON.stringify(text)} is no address and no range`);
    list.addSubnet(range.address, range.bits, range.family);
  }
  return list;
}
