import { type Problem, problems } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";

/**
 * Takes in the request's body before an upstream is troubled. A body is small here (`bodyBytes` of the route), and
 * this way one that is too large, or breaks off, never reaches a service in part; a slow sender holds no connection
 * to one; and a call may be repeated when the service is just being restarted.
 */
export function readBody(
  exchange: Exchange,
  limitBytes: number,
): Problem | undefined | Promise<Problem | undefined> {
  const { request, method } = exchange;
  // What a GET carries has no meaning (RFC 9110 §9.3.1) and does not travel on.
  if (method === "GET" || method === "HEAD" || request.body === null) return undefined;
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > limitBytes) return problems.tooLarge(limitBytes);
  return declared === null ? collect(exchange, request.body, limitBytes) : readAll(exchange);
}

async function readAll(exchange: Exchange): Promise<Problem | undefined> {
  try {
    exchange.body = new Uint8Array(await exchange.request.arrayBuffer());
    return undefined;
  } catch {
    return edgeProblems.bodyUnreadable();
  }
}

/** For chunked bodies: nobody has said how long they are going to be. */
async function collect(
  exchange: Exchange,
  stream: ReadableStream<Uint8Array>,
  limitBytes: number,
): Promise<Problem | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.byteLength;
      if (size > limitBytes) {
        void reader.cancel().catch(() => {});
        return problems.tooLarge(limitBytes);
      }
      chunks.push(next.value);
    }
  } catch {
    return edgeProblems.bodyUnreadable();
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  exchange.body = body;
  return undefined;
}
