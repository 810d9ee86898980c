import { setTimeout as wait } from "node:timers/promises";
import type { Purchase, Told } from "./purchase.ts";

const address = {
  fullName: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};
const patienceMs = 12_000;
const longestPauseMs = 2000;

/** What an order may be told; everything else is either "not now" or wrong. */
const finalCodes: Readonly<Record<number, readonly string[]>> = {
  402: ["payment-declined"],
  409: ["insufficient-stock", "reservation-lapsed"],
};

/**
 * Asks until there is a final answer, as a careful client does: the same key again after a lost connection, a refusal for
 * now, or "in flight". Gives false when it no longer `goesOn`.
 */
export async function buy(purchase: Purchase, base: string, goesOn: () => boolean): Promise<boolean> {
  for (let pauseMs = 50; goesOn(); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const answer = await ask(purchase, base, "/api/orders", {
      headers: { "idempotency-key": purchase.key },
      body: {
        items: purchase.items,
        shippingAddress: address,
        paymentMethod: { type: purchase.payment.type, token: purchase.payment.token },
      },
    });
    if (answer && isFinal(purchase, answer)) {
      hear(purchase, answer);
      return true;
    }
    await wait(pauseMs * (0.5 + Math.random()));
  }
  return false;
}

/** Asks to cancel, until that is answered; gives false when it no longer `goesOn`. */
export async function cancel(purchase: Purchase, base: string, goesOn: () => boolean): Promise<boolean> {
  purchase.cancelAsked = true;
  const path = `/api/orders/${purchase.orderId}/cancel`;
  for (let pauseMs = 50; goesOn(); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const answer = await ask(purchase, base, path, {});
    if (answer?.status === 200) {
      purchase.cancelled = true;
      return true;
    }
    if (answer?.status === 409 && codeOf(answer) === "order-already-cancelled") return true;
    if (answer && !isForNow(answer)) purchase.wrong.push(`cancelling answered ${shown(answer)}`);
    await wait(pauseMs * (0.5 + Math.random()));
  }
  return false;
}

async function ask(
  purchase: Purchase,
  base: string,
  path: string,
  { headers, body }: { headers?: Record<string, string>; body?: unknown },
): Promise<Told | undefined> {
  const began = performance.now();
  const at = new Date().toISOString().slice(11, 23);
  const note = (outcome: string) =>
    purchase.tries.push(`${at} ${path} ${outcome} after ${Math.round(performance.now() - began)} ms`);
  try {
    const response = await fetch(base + path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${purchase.token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMs),
    });
    const told = { status: response.status, text: await response.text() };
    note(response.status < 300 ? String(response.status) : shown(told));
    return told;
  } catch (error) {
    note((error as Error).name);
    return undefined;
  }
}

function isFinal(purchase: Purchase, answer: Told): boolean {
  if (answer.status === 201) return true;
  if (finalCodes[answer.status]?.includes(codeOf(answer))) return true;
  if (!isForNow(answer)) purchase.wrong.push(`buying answered ${shown(answer)}`);
  return false;
}

/** Not now, but perhaps later: too many requests, something is away, or the first request is still under way. */
const isForNow = (answer: Told): boolean =>
  answer.status >= 500 ||
  answer.status === 429 ||
  (answer.status === 409 && codeOf(answer) === "idempotency-key-in-flight");

function hear(purchase: Purchase, answer: Told): void {
  if (!purchase.told) {
    purchase.told = answer;
    if (answer.status === 201) purchase.orderId = (JSON.parse(answer.text) as { id: string }).id;
  } else if (purchase.told.status !== answer.status || purchase.told.text !== answer.text) {
    purchase.wrong.push(`a repeat was told ${shown(answer)}, the first one ${shown(purchase.told)}`);
  }
}

function codeOf({ text }: Told): string {
  try {
    return String((JSON.parse(text) as { code?: unknown }).code);
  } catch {
    return "";
  }
}

const shown = (answer: Told): string =>
  `${answer.status} ${answer.status < 300 ? answer.text.slice(0, 300) : codeOf(answer) || answer.text.slice(0, 100)}`;
