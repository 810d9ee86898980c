import { BlockList, isIP } from "node:net";

/** An address or a CIDR range, read. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** Whether a client's address may call at all: `deny` wins over `allow`, and an empty `allow` means everybody. */
export type AddressRules = (address: string) => boolean;

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
  if (allow.length === 0 && deny.length === 0) return () => true;
  const allowed = blockList(allow);
  const denied = blockList(deny);
  return (address) => {
    const version = isIP(address);
    // Where there are lists, what is no address is on none of them.
    if (version === 0) return false;
    const family = version === 4 ? "ipv4" : "ipv6";
    if (denied?.check(address, family)) return false;
    return allowed === undefined || allowed.check(address, family);
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
