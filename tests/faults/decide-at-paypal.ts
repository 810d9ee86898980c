import { setTimeout as wait } from "node:timers/promises";
import type { Purchase } from "./purchase.ts";

const patienceMs = 5000;
const againAfterMs = 500;

/** Does on PayPal's page what the buyer does there, again until it is taken; nothing for an order that waits for nobody. */
export async function decideAtPaypal(
  { payment, tries }: Purchase,
  sandbox: string,
  { afterMs, goesOn }: { readonly afterMs: number; readonly goesOn: () => boolean },
): Promise<void> {
  if (payment.agrees === undefined) return;
  await wait(afterMs);
  const decision = payment.agrees ? "approve" : "cancel";
  const url = `${sandbox}/checkoutnow/${decision}?token=${payment.token}`;
  while (goesOn()) {
    const status = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(patienceMs),
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    tries.push(`${new Date().toISOString().slice(11, 23)} ${decision} at PayPal ${status} after 0 ms`);
    if (status === 303) return;
    await wait(againAfterMs);
  }
}
