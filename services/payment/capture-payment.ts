import { inSpan } from "#observability/trace/in-span";
import { auditEntry } from "./audit-log.ts";
import { askProvider, type ChargeDeps } from "./charge-payment.ts";
import { type Standing, standingOf } from "./payment.ts";
import { claimOpen, findByOrder, markCaptureAsked } from "./payment-store.ts";
import { standingNow } from "./settle-charge.ts";

export type CaptureResult = Standing | { readonly standing: "nothing-held" };

/**
 * Takes the money that an order's charge holds, once. Asked for, it comes to its end by itself; `open` means that it is
 * not known yet whether it was taken. A captured payment is captured already.
 */
export function capturePayment(deps: ChargeDeps, orderId: string): Promise<CaptureResult> {
  const attributes = { "order.id": orderId, "payment.operation": "capture" };
  return inSpan("payment-processing", { attributes }, async (span) => {
    const result = await capture(deps, orderId);
    span.setAttribute("payment.standing", result.standing);
    return result;
  });
}

async function capture(deps: ChargeDeps, orderId: string): Promise<CaptureResult> {
  const audit = auditEntry(deps.now(), "capture-asked", null, { orderId });
  await markCaptureAsked(deps.sql, orderId, audit);
  const payment = await findByOrder(deps.sql, orderId);
  if (payment === undefined) return { standing: "nothing-held" };
  const standing = standingOf(payment);
  if (standing.standing === "open" || standing.standing === "requires-action") {
    return { standing: "nothing-held" };
  }
  if (standing.standing !== "authorized") return standing;
  const claimed = await claimOpen(deps.sql, orderId);
  const after = claimed === undefined ? await standingNow(deps, payment) : await askProvider(deps, claimed);
  return after.standing === "authorized" ? { standing: "open" } : after;
}
