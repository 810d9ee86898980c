import { createHash } from "node:crypto";
import type { WebhookResult } from "./apply-event.ts";
import type { PaymentGateway, ToldDispute } from "./payment-gateway.ts";
import type { RefundDeps } from "./send-refund.ts";
import { applyNow } from "./take-news.ts";

/**
 * Asks the provider how disputes stand, for when the news of their end was lost. The same state told twice is the same
 * event. @returns how many were changed by it @throws ProviderSilent
 */
export async function askAboutDisputes(
  deps: RefundDeps,
  gateway: PaymentGateway,
  ids: readonly string[],
): Promise<number> {
  let changed = 0;
  for (const each of ids) {
    const told = await gateway.disputeNow(each);
    if (told === undefined) continue;
    if ((await applyAsked(deps, gateway, told)) === "applied") changed++;
  }
  return changed;
}

/** Applies what a provider says of a dispute when it is asked. @throws ProviderSilent */
export async function applyAsked(
  deps: RefundDeps,
  { name: gateway }: PaymentGateway,
  { type, object }: Pick<ToldDispute, "type" | "object">,
): Promise<WebhookResult> {
  const id = `asked-${createHash("sha256").update(JSON.stringify(object)).digest("hex")}`;
  return await applyNow(deps, { gateway, id, type, object });
}
