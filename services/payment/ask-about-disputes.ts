import { createHash } from "node:crypto";
import type { PaymentGateway } from "./payment-gateway.ts";
import type { RefundDeps } from "./send-refund.ts";
import { applyNews } from "./take-news.ts";

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
    const id = `asked-${createHash("sha256").update(JSON.stringify(told.object)).digest("hex")}`;
    if ((await applyNews(deps, { ...told, id, gateway: gateway.name })) === "applied") changed++;
  }
  return changed;
}
