import { setTimeout as wait } from "node:timers/promises";
import { pressButton } from "./press-button.ts";
import type { Purchase } from "./purchase.ts";

const patienceMs = 5000;
const lookAgainMs = 500;

interface SeenPayment {
  readonly status: string;
  readonly nextAction?: { readonly url: string };
}

/**
 * Does on the bank's page (3-D Secure) what the buyer does there, as soon as the payment tells where that is; nothing for a
 * card that asks for nothing, and for an order that came to nothing before.
 */
export async function decideAtBank(
  purchase: Purchase,
  { gateway, sandbox }: { readonly gateway: string; readonly sandbox: string },
  { afterMs, goesOn }: { readonly afterMs: number; readonly goesOn: () => boolean },
): Promise<void> {
  const { type, agrees } = purchase.payment;
  if (type !== "card" || agrees === undefined) return;
  await wait(afterMs);
  for (; goesOn(); await wait(lookAgainMs)) {
    if (purchase.told !== undefined && purchase.orderId === undefined) return;
    const { orderId, token } = purchase;
    const payment = orderId === undefined ? undefined : await paymentOf(orderId, token, gateway);
    if (payment === undefined || payment.status === "initiated" || payment.status === "unknown") {
      if (orderId !== undefined && (await isOver(orderId, token, gateway))) return;
      continue;
    }
    if (payment.nextAction === undefined) return;
    const decision = agrees ? "approve" : "deny";
    // Its own address leads through a proxy that is disturbed; a buyer's way to the bank is not ours to prove.
    const { pathname } = new URL(payment.nextAction.url);
    return await pressButton(
      `${sandbox}${pathname}/${decision}`,
      `${decision} at the bank`,
      purchase,
      goesOn,
    );
  }
}

/** Undefined while there is none, or nobody can say. */
async function paymentOf(orderId: string, token: string, gateway: string): Promise<SeenPayment | undefined> {
  const found = (await read(`${gateway}/api/payments?orderId=${orderId}`, token)) as
    | { readonly data: readonly SeenPayment[] }
    | undefined;
  return found?.data[0];
}

/** Whether the order ended without anybody being asked. */
async function isOver(orderId: string, token: string, gateway: string): Promise<boolean> {
  const order = (await read(`${gateway}/api/orders/${orderId}`, token)) as { status: string } | undefined;
  return order !== undefined && order.status !== "pending";
}

/** Undefined for whatever is not an answer. */
async function read(url: string, token: string): Promise<unknown> {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(patienceMs),
    });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
