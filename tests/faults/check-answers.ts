import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";
import { createFindings, type Findings } from "../audit/findings.ts";
import type { Purchase } from "./purchase.ts";

interface Placed {
  readonly id: string;
  readonly key: string;
  readonly status: string;
  readonly total: number;
  readonly reason: string | null;
}

export interface AnswersChecked extends Findings {
  /** How many orders were cancelled, by reason. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** What the buyers were told has to be what came to be: one order for each key, and each in the state that was promised. */
export async function checkAnswers(
  purchases: readonly Purchase[],
  orderDatabase: string,
): Promise<AnswersChecked> {
  const findings = createFindings();
  const { expect } = findings;
  const log = createLog({ service: "prove", level: "silent" });
  const sql = openDatabase({ url: orderDatabase, max: 1, applicationName: "prove", log });
  const orders = await sql<Placed[]>`
    select o.id, s.idempotency_key as key, o.status, o.total_amount as total, o.cancel_reason as reason
    from orders o join sagas s on s.order_id = o.id`;
  await sql.end();
  const byKey = new Map<string, Placed[]>();
  for (const order of orders) byKey.set(order.key, [...(byKey.get(order.key) ?? []), order]);
  const keys = new Set(purchases.map(({ key }) => key));
  for (const { id, key } of orders) expect(keys.has(key), () => `order ${id} has a key that nobody sent`);
  for (const purchase of purchases) {
    const own = byKey.get(purchase.key) ?? [];
    const about = `order ${own[0]?.id ?? `of key ${purchase.key}`}`;
    for (const wrong of purchase.wrong) expect(false, () => `${about}: ${wrong}`);
    expect(purchase.wrong.length === 0, () => `${about} got ${purchase.wrong.length} wrong answers`);
    expect(own.length <= 1, () => `${about}: its key made ${own.length} orders`);
    expect(purchase.told !== undefined, () => `${about}: its buyer was never told how it ended`);
    if (own[0]) compare(purchase, own[0], expect);
    else
      expect(
        purchase.told === undefined,
        () => `${about} was answered ${purchase.told?.status} and does not exist`,
      );
  }
  const reasons = new Map<string, number>();
  for (const { status, reason } of orders) {
    if (status === "cancelled") reasons.set(String(reason), (reasons.get(String(reason)) ?? 0) + 1);
  }
  return { ...findings, reasons };
}

function compare(purchase: Purchase, order: Placed, expect: Findings["expect"]): void {
  const { id, status, total } = order;
  const { told, orderId, cancelled, cancelAsked } = purchase;
  expect(total === purchase.total, () => `order ${id} costs ${total}, its items ${purchase.total}`);
  if (!told) return;
  if (told.status === 201) {
    expect(orderId === id, () => `order ${id}: its buyer was told of order ${orderId}`);
    const promised = (JSON.parse(told.text) as { status: string }).status === "confirmed";
    expect(
      !promised || cancelAsked || status === "confirmed",
      () => `order ${id} was told confirmed and is ${status}`,
    );
  } else expect(status === "cancelled", () => `order ${id} was refused with ${told.status} and is ${status}`);
  if (cancelled) expect(status === "cancelled", () => `order ${id} was told cancelled and is ${status}`);
}
