import { isIP } from "node:net";
import { addressKey } from "#mesh/address-key";
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
export const networkOf = (address: string): string =>
  isIP(address) === 6 ? `${addressKey(address)}::/64` : address;
