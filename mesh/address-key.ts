/**
 * What a limit counts an address by: an IPv4 address itself, of IPv6 the first 64 bits, for a customer holds a whole /64
 * and could wander through it. Two ways to write an address are one key.
 * @param address valid, without a zone; IPv4 not as IPv6
 */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const colons = fourthColon(address);
  // As sockets and proxies write it, without leading zeros and in lower case, its first half is a part of the string.
  if (colons > 0 && canonicalHead.test(address)) return address.slice(0, colons);
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end stands for two groups (RFC 4291 §2.2).
  const width = left.length + right.length + (address.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - width);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right].slice(0, 4);
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, "")).join(":");
}

const canonicalHead = /^(?:(?:0|[1-9a-f][0-9a-f]{0,3}):){4}/;

/** Where the fourth group ends; -1 when a `::` comes before. */
function fourthColon(address: string): number {
  let at = -1;
  for (let nth = 0; nth < 4; nth++) {
    const next = address.indexOf(":", at + 1);
    if (next === -1 || next === at + 1) return -1;
    at = next;
  }
  return at;
}
