import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import type { ReceivedSpan } from "#observability/trace/otlp-receiver";
import { address, buy, call, newPerson, newProduct, password } from "./person.ts";
import { system } from "./system.ts";

/**
 * The trace of an answer, once it holds each of these spans, by service and name: its own spans, and those that lead to it.
 * A process tells of its spans when it has time: the first of a trace may come last.
 */
async function traceOf({ headers }: { readonly headers: Headers }, ...names: readonly string[]) {
  // Who sends no correlation id of its own gets the trace's.
  const traceId = headers.get("x-correlation-id") ?? "";
  const found = await eventually(
    async () => {
      const answer = await fetch(`${system.traces}/traces/${traceId}`);
      const spans = (await answer.json()) as ReceivedSpan[];
      return names.every((wanted) => spans.some(({ service, name }) => `${service} ${name}` === wanted))
        ? spans
        : undefined;
    },
    { withinMs: 20_000 },
  );
  const spans = found.filter((span) => span.traceId === traceId);
  return { traceId, spans, leading: found.filter((span) => span.traceId !== traceId) };
}

/** A span and what is below it, a line each; siblings by name, and the same ones once. */
function shape(spans: readonly ReceivedSpan[], parent?: string, indent = ""): string[] {
  const children = spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .map((span) => [
      `${indent}${span.service} ${span.kind} ${span.name}`,
      ...shape(spans, span.spanId, `${indent}  `),
    ]);
  const texts = new Set(children.map((lines) => lines.join("\n")));
  return [...texts].sort();
}

/** The lines of all logs with this trace's id. */
const linesOf = (traceId: string): Record<string, unknown>[] =>
  readdirSync(system.logs)
    .flatMap((file) => readFileSync(join(system.logs, file), "utf8").split("\n"))
    .filter((line) => line.includes(traceId))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

function named(spans: readonly ReceivedSpan[], service: string, name: string): ReceivedSpan {
  const found = spans.find((span) => span.service === service && span.name === name);
  if (!found) throw new Error(`${service} has no span ${name}`);
  return found;
}

const orderTrace = `
gateway server POST /api/orders
  gateway client POST /api/orders
    order-service server POST /api/orders
      order-service client INSERT idempotency_keys, INSERT orders, INSERT order_items, INSERT sagas, INSERT order_history, INSERT outbox
      order-service client POST /internal/prices
        product-service server POST /internal/prices
      order-service internal order-processing
        notification-service consumer process order-events
          notification-service internal notification-delivery
            notification-service client smtp send
            notification-service producer send notification-events
        order-service client POST /internal/reservations/confirm
          product-service server POST /internal/reservations/confirm
            product-service client SELECT confirm_reservations
            product-service producer send product-events
        order-service client PUT /internal/payments/{orderId}
          payment-service server PUT /internal/payments/:orderId
            payment-service internal payment-processing
              payment-service client INSERT payments
              payment-service client POST /v1/payment_intents
              payment-service client UPDATE payments, INSERT ledger
              payment-service producer send payment-events
        order-service client PUT /internal/reservations
          product-service server PUT /internal/reservations
            product-service client SELECT hold_stocks
        order-service client UPDATE sagas, UPDATE orders, UPDATE idempotency_keys, INSERT order_history, INSERT outbox
        order-service producer send order-events
      order-service producer send order-events`;

test("an order is one trace, from the gateway through stores, provider and bus to the mail", async () => {
  const { accessToken: token, user } = await newPerson();
  const product = await newProduct();
  const placed = await buy({ token, items: [{ productId: product.id, quantity: 2 }] });
  expect(placed).toMatchObject({ status: 201, body: { status: "confirmed" } });
  // Six processes send their spans in their own time.
  const { traceId, spans, leading } = await eventually(
    async () => {
      const trace = await traceOf(placed, "notification-service send notification-events");
      expect(shape(trace.spans).join("\n")).toBe(orderTrace.trim());
      named(trace.leading, "notification-service", "process batch notification-service");
      return trace;
    },
    { withinMs: 20_000, everyMs: 200 },
  );
  expect(spans.filter(({ failed }) => failed)).toEqual([]);
  expect(named(spans, "order-service", "order-processing").attributes).toEqual({
    "order.id": placed.body.id,
    "order.items": 1,
    "order.outcome": "confirmed",
    "order.payment_method": "card",
    "saga.attempt": 1,
    "saga.step": "reserve",
  });
  expect(named(spans, "payment-service", "payment-processing").attributes).toMatchObject({
    "order.id": placed.body.id,
    "payment.standing": "captured",
  });
  expect(named(spans, "payment-service", "POST /v1/payment_intents").attributes).toMatchObject({
    "http.response.status_code": 200,
    "service.peer.name": "stripe",
  });
  expect(named(spans, "notification-service", "notification-delivery").attributes).toMatchObject({
    "notification.outcome": "sent",
    "notification.type": "order-confirmed",
  });
  expect(named(spans, "product-service", "SELECT hold_stocks").attributes).toMatchObject({
    "db.system.name": "postgresql",
    "db.namespace": "ecotrack_product",
  });
  // The claim in the inbox belongs to a whole batch: a trace of its own that leads here.
  const batch = named(leading, "notification-service", "process batch notification-service");
  expect(batch.links.map((link) => link.traceId)).toContain(traceId);

  const everything = JSON.stringify([...spans, ...leading]);
  for (const secret of [
    user.email,
    user.id,
    token,
    password,
    address.line1,
    address.fullName,
    "pm_card_visa",
  ])
    expect(everything).not.toContain(secret);
});

test("the log lines of an order carry its trace's id, and the ids of its spans", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct();
  const placed = await buy({ token, items: [{ productId: product.id, quantity: 1 }] });
  const { traceId, spans } = await traceOf(
    placed,
    "notification-service notification-delivery",
    "gateway POST /api/orders",
  );
  const lines = await eventually(
    () => {
      const found = linesOf(traceId);
      const messages = found.map(({ message }) => message);
      return messages.includes("request") && messages.includes("mail sent") ? found : undefined;
    },
    { withinMs: 10_000 },
  );
  const spanOf = (message: string) => lines.find((line) => line.message === message)?.span_id;
  expect(spanOf("request")).toBe(
    spans.find(({ service, kind }) => service === "gateway" && kind === "server")?.spanId ?? "",
  );
  expect(spanOf("mail sent")).toBe(named(spans, "notification-service", "notification-delivery").spanId);
});

test("signing in is told of down to the session in Redis, and not by whom", async () => {
  const { user } = await newPerson();
  const answer = await call("POST", "/api/auth/login", { body: { email: user.email, password } });
  expect(answer.status).toBe(200);
  const { spans } = await traceOf(
    answer,
    "user-service user-authentication",
    "user-service transaction",
    "gateway POST /api/auth/login",
  );
  const authentication = named(spans, "user-service", "user-authentication");
  expect(authentication.attributes).toEqual({
    "authentication.method": "password",
    "authentication.outcome": "success",
  });
  const below = spans.filter(({ parentSpanId }) => parentSpanId === authentication.spanId);
  expect(below.some(({ attributes }) => attributes["db.system.name"] === "redis")).toBe(true);
  expect(below.some(({ name }) => name === "SELECT users")).toBe(true);
  expect(JSON.stringify(spans)).not.toContain(user.email);
  expect(JSON.stringify(spans)).not.toContain(user.id);
});
