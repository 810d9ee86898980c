import { Exchange } from "../exchange.ts";
import { parseRequestHead } from "../http/request-head.ts";
import type { ClientConnection } from "../listener/client-connection.ts";
import { EdgeRequest } from "../listener/edge-request.ts";

interface TestRequest {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
}

/** An exchange as the listener begins one, without a connection. For tests only. */
export function testExchange({
  method = "GET",
  target = "/",
  headers = {},
  remoteAddress = "127.0.0.1",
}: TestRequest = {}): Exchange {
  const lines = Object.entries({ host: "shop.test", ...headers }).map(([name, value]) => `${name}: ${value}`);
  const head = parseRequestHead([`${method} ${target} HTTP/1.1`, ...lines].join("\r\n"));
  if ("code" in head) throw new Error(head.detail ?? head.title);
  return new Exchange(new EdgeRequest(head, { remoteAddress } as ClientConnection), 0);
}
