import { setTimeout as wait } from "node:timers/promises";
import { pressButton } from "./press-button.ts";
import type { Purchase } from "./purchase.ts";

/** Does on PayPal's page what the buyer does there; nothing for an order that waits for nobody. */
export async function decideAtPaypal(
  purchase: Purchase,
  sandbox: string,
  { afterMs, goesOn }: { readonly afterMs: number; readonly goesOn: () => boolean },
): Promise<void> {
  const { type, agrees, token } = purchase.payment;
  if (type !== "paypal" || agrees === undefined) return;
  await wait(afterMs);
  const decision = agrees ? "approve" : "cancel";
  const url = `${sandbox}/checkoutnow/${decision}?token=${token}`;
  await pressButton(url, `${decision} at PayPal`, purchase, goesOn);
}
