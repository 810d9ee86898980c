import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Answer } from "../idempotency.ts";
import { listDisputes } from "./list-disputes.ts";
import type { PaypalBooks, PaypalRecord } from "./paypal-books.ts";
import { disputed } from "./paypal-disputes.ts";
import { invalidRequest, notFound } from "./paypal-error.ts";
import { captureObject, disputeObject, orderObject, refundObject, transactionsOf } from "./paypal-objects.ts";

const money = Type.Object({ currency_code: Type.String(), value: Type.String() });
const newOrder = Type.Object({
  intent: Type.Literal("CAPTURE"),
  purchase_units: Type.Array(Type.Object({ amount: money, custom_id: Type.Optional(Type.String()) }), {
    minItems: 1,
    maxItems: 1,
  }),
});
const change = Type.Array(
  Type.Object({
    op: Type.Union([Type.Literal("add"), Type.Literal("replace")]),
    path: Type.Literal("/purchase_units/@reference_id=='default'/custom_id"),
    value: Type.String({ maxLength: 127 }),
  }),
  { minItems: 1, maxItems: 1 },
);
const newRefund = Type.Object({
  amount: Type.Optional(money),
  custom_id: Type.Optional(Type.String({ maxLength: 127 })),
});

/** @throws PaypalRefusal */
export function readPaypal(books: PaypalBooks, { pathname, searchParams }: URL, at: string): unknown {
  if (pathname === "/v1/reporting/transactions") return transactions(books, searchParams);
  if (pathname === "/v1/customer/disputes") return listDisputes(books, searchParams, at);
  const [, kind, id = ""] =
    /^\/v2\/(checkout\/orders|payments\/captures|payments\/refunds)\/(\w+)$/.exec(pathname) ?? [];
  if (kind === "checkout/orders") return orderObject(books.order(id), at);
  if (kind === "payments/captures") return captureObject(books.ofCapture(id), at);
  const [, disputeId] = /^\/v1\/customer\/disputes\/([\w-]+)$/.exec(pathname) ?? [];
  if (disputeId !== undefined) return disputeObject(...disputed(books.orders.values(), disputeId));
  for (const order of books.orders.values()) {
    const refund = order.refunds.find((each) => each.id === id);
    if (kind === "payments/refunds" && refund !== undefined) return refundObject(order, refund, at);
  }
  throw notFound();
}

/** @throws PaypalRefusal */
export function writePaypal(
  books: PaypalBooks,
  method: string,
  path: string,
  body: unknown,
  at: string,
): { order: PaypalRecord; answer: Answer } {
  const shown = (status: number, object: unknown): Answer => ({ status, body: JSON.stringify(object) });
  if (method === "POST" && path === "/v2/checkout/orders") {
    const [unit] = read(newOrder, body).purchase_units;
    const { currency_code = "", value = "" } = unit?.amount ?? {};
    const order = books.create(currency_code, value, unit?.custom_id ?? null);
    return { order, answer: shown(201, orderObject(order, at)) };
  }
  const [, orderId, action] = /^\/v2\/checkout\/orders\/(\w+)(?:\/(capture))?$/.exec(path) ?? [];
  if (orderId !== undefined) {
    const order = books.order(orderId);
    if (method === "PATCH" && action === undefined) {
      const [wanted] = read(change, body);
      order.customId = wanted?.value ?? null;
      return { order, answer: { status: 204, body: "" } };
    }
    if (action === undefined) throw notFound();
    books.capture(order);
    return { order, answer: shown(201, orderObject(order, at)) };
  }
  const [, disputeId] = /^\/v1\/customer\/disputes\/([\w-]+)\/adjudicate$/.exec(path) ?? [];
  if (disputeId !== undefined && method === "POST") {
    const outcome = (body as { adjudication_outcome?: unknown } | null)?.adjudication_outcome;
    const order = books.adjudicate(disputeId, outcome);
    return { order, answer: shown(200, { links: [] }) };
  }
  const [, captureId] = /^\/v2\/payments\/captures\/(\w+)\/refund$/.exec(path) ?? [];
  if (captureId === undefined || method !== "POST") throw notFound();
  const { amount, custom_id } = read(newRefund, body);
  const order = books.ofCapture(captureId);
  const refund = books.refund(
    captureId,
    amount?.value,
    amount?.currency_code ?? order.currency,
    custom_id ?? null,
  );
  return { order, answer: shown(201, refundObject(order, refund, at)) };
}

function transactions(books: PaypalBooks, query: URLSearchParams): unknown {
  const from = Date.parse(query.get("start_date") ?? "");
  const to = Date.parse(query.get("end_date") ?? "");
  if (!(to > from) || to - from > 31 * 24 * 60 * 60 * 1000) {
    throw invalidRequest("Date range is greater than 31 days, or is none.");
  }
  const size = Number(query.get("page_size") ?? 100);
  const page = Number(query.get("page") ?? 1);
  const found = [...books.orders.values()]
    .flatMap(transactionsOf)
    .filter(({ at }) => at >= from && at <= to)
    .map(({ transaction_info }) => ({ transaction_info }));
  return {
    transaction_details: found.slice((page - 1) * size, page * size),
    page,
    total_items: found.length,
    total_pages: Math.max(1, Math.ceil(found.length / size)),
  };
}

function read<S extends typeof newOrder | typeof change | typeof newRefund>(
  schema: S,
  body: unknown,
): Static<S> {
  if (!Value.Check(schema, body))
    throw invalidRequest("The request is not well-formed or has invalid values.");
  return body;
}
