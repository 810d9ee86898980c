import { problemResponse } from "#mesh/problem";
import { correlationHeader, runWith } from "#observability/context";
import type { Exchange } from "../exchange.ts";
import type { Answer } from "../pipeline.ts";
import { edgeProblems } from "../problems.ts";
import type { Upstream } from "../routes.ts";
import { type Read, readInstead } from "../stages/forward.ts";
import type { UpstreamClient } from "../upstream/upstream-client.ts";
import type { UpstreamFailure } from "../upstream/upstream-job.ts";

interface Sources {
  readonly order: Upstream;
  readonly user: Upstream;
  readonly product: Upstream;
  readonly upstreams: UpstreamClient;
}

/** How long the order may take, and after it customer and products together. */
const orderTimeoutMs = 5000;
const extrasTimeoutMs = 2000;
/** What product-service lists in one answer. */
const idsPerCall = 100;

/**
 * `GET /api/orders/{id}/details`: the order, its customer and its products in one answer, read with the caller's own
 * token. Without the order there is no answer; without the others there is one that says in `unavailable` what it lacks.
 */
export function createOrderDetails({ order, user, product, upstreams }: Sources): Answer {
  const ask = (exchange: Exchange, upstream: Upstream, path: string, timeoutMs: number) =>
    readInstead(exchange, upstream, path, timeoutMs, upstreams);

  async function readPart(
    exchange: Exchange,
    upstream: Upstream,
    path: string | undefined,
  ): Promise<unknown> {
    if (path === undefined) return undefined;
    const answer = await ask(exchange, upstream, path, extrasTimeoutMs);
    return typeof answer !== "string" && answer.status === 200 ? answer.body : undefined;
  }

  return async (exchange) => {
    const found = await ask(exchange, order, `/api/orders/${exchange.values[0]}`, orderTimeoutMs);
    if (typeof found === "string") return refuse(exchange, found);
    const { body } = found;
    if (found.status !== 200 || !isRecord(body)) return passRefusal(exchange, found);
    const [customer, products] = await Promise.all([
      readPart(exchange, user, customerPath(exchange, body)),
      Promise.all(productPaths(body).map((path) => readPart(exchange, product, path))),
    ]);
    const lists = products.map((page) =>
      isRecord(page) && Array.isArray(page.data) ? page.data : undefined,
    );
    const unavailable: string[] = [];
    if (customer === undefined) unavailable.push("customer");
    if (lists.includes(undefined)) unavailable.push("products");
    return Response.json(
      { order: body, customer: customer ?? null, products: lists.flatMap((list) => list ?? []), unavailable },
      { headers: { "cache-control": "no-store" } },
    );
  };
}

/** An administrator may read anybody's order, so only the order itself can tell whose it is. */
function customerPath({ caller }: Exchange, { userId }: Record<string, unknown>): string | undefined {
  if (typeof userId === "string" && userId !== caller?.subject)
    return `/api/users/${encodeURIComponent(userId)}`;
  if (userId === undefined && caller?.roles.includes("admin")) return undefined;
  return "/api/users/me";
}

function productPaths({ items }: Record<string, unknown>): string[] {
  const ids = new Set<string>();
  for (const item of Array.isArray(items) ? items : []) {
    if (isRecord(item) && typeof item.productId === "string") ids.add(encodeURIComponent(item.productId));
  }
  const all = [...ids];
  const paths: string[] = [];
  for (let at = 0; at < all.length; at += idsPerCall) {
    const part = all.slice(at, at + idsPerCall);
    paths.push(`/api/products?ids=${part.join(",")}`);
  }
  return paths;
}

function refuse(exchange: Exchange, failure: UpstreamFailure): Response {
  const problem =
    failure === "timeout" ? edgeProblems.upstreamTimeout("order") : edgeProblems.upstreamUnavailable("order");
  return runWith(exchange.context, () => problemResponse(problem, exchange.path));
}

/** The order's own refusal, such as 404, told as if it were about these details. */
function passRefusal(exchange: Exchange, { status, contentType, body }: Read): Response {
  if (status < 400 || !isRecord(body)) return refuse(exchange, "unavailable");
  return new Response(JSON.stringify({ ...body, instance: exchange.path }), {
    status,
    headers: {
      "content-type": contentType === "" ? "application/problem+json" : contentType,
      [correlationHeader]: exchange.context.correlationId,
    },
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
