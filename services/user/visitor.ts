import { isIP } from "node:net";
import type { Visitor } from "./session.ts";

const maxAgentLength = 200;

/**
 * Who sends a request, as the gateway says: it sets `X-Forwarded-For` to the one address it believes in, and nobody
 * reaches this service past it. Good for limits and for showing people their sessions, never for access.
 */
export function visitorOf(request: Request): Visitor {
  const address = request.headers.get("x-forwarded-for")?.trim() ?? "";
  // Whatever is not printable ASCII has no business in a name of a browser.
  const agent = (request.headers.get("user-agent") ?? "")
    .replaceAll(/[^\x20-\x7e]/g, "")
    .slice(0, maxAgentLength);
  return { address: isIP(address) === 0 ? "" : address, agent };
}

/** What limits count an address by: whoever has one IPv6 address has its whole /64. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  // The URL parser brings the address into its one short form (RFC 5952); what `::` stands for is put back.
  const short = new URL(`http://[${address.split("%")[0]}]`).hostname.slice(1, -1);
  const [head = "", tail] = short.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
