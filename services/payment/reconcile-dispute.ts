import { applyReversal } from "./apply-reversal.ts";
import { applyAsked, askAboutDisputes } from "./ask-about-disputes.ts";
import { openDisputes } from "./dispute-store.ts";
import type { PaymentGateway } from "./payment-gateway.ts";
import { paymentOfCharge } from "./payment-of-charge.ts";
import type { Finding, ReversalMovement } from "./reconciliation.ts";
import { returnedTo } from "./reversal-store.ts";
import type { RefundDeps } from "./send-refund.ts";

/** So many that the provider does not list are asked for in one run. */
const askedAtMost = 500;

/**
 * Books what the provider knows of disputes, told or not: those that it lists, and those that are open here and older. One
 * that is told as well, before, after or at the same time, changes nothing more, so that there is none too young to be compared.
 * @throws ProviderSilent
 */
export async function reconcileDisputes(
  deps: RefundDeps,
  gateway: PaymentGateway,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<{ disputes: number; repairs: number; findings: Finding[] }> {
  const listed = new Set<string>();
  const findings: Finding[] = [];
  let repairs = 0;
  const untilNow = new Date(Math.max(to.getTime(), deps.now().getTime()));
  for await (const told of gateway.disputes(from, untilNow)) {
    listed.add(told.id);
    const result = await applyAsked(deps, gateway, told);
    if (result === "applied") repairs++;
    if (result === "applied" || result === "nothing-to-do") continue;
    const detail = "somebody disputes a charge of which no payment is known";
    findings.push({
      kind: "dispute-without-payment",
      reference: told.id,
      orderId: null,
      detail,
      movedAt: told.at,
    });
  }
  const others = (await openDisputes(deps.sql, gateway.name, askedAtMost)).filter((id) => !listed.has(id));
  repairs += await askAboutDisputes(deps, gateway, others);
  return { disputes: listed.size, repairs, findings };
}

/** Books a charge that the provider took back. @throws ProviderSilent */
export async function reconcileReversal(
  deps: RefundDeps,
  { name: gateway }: PaymentGateway,
  { kind, reference: id, chargeReference, amount: { amount, currency }, at: movedAt }: ReversalMovement,
): Promise<Finding | "repaired" | undefined> {
  const payment =
    chargeReference === null ? "not-ours" : await paymentOfCharge(deps, gateway, chargeReference);
  const found = (what: Finding["kind"], detail: string): Finding => ({
    kind: what,
    reference: id,
    orderId: typeof payment === "string" ? null : payment.orderId,
    detail: `${amount} ${currency} ${detail}`,
    movedAt,
  });
  if (kind === "return") {
    if (typeof payment !== "string" && (await returnedTo(deps.sql, payment.id)) >= amount) return undefined;
    return found("return-unbooked", "came back, and no dispute tells of it");
  }
  const unknown = found("reversal-without-payment", "were taken back, and no payment has them");
  if (typeof payment === "string") return unknown;
  const result = await applyReversal(
    deps,
    payment,
    {
      eventId: `listed-${id}`,
      type: "listed-reversal",
      reference: chargeReference ?? "",
      amount: payment.amount,
      currency,
    },
    { gateway, id, paymentId: payment.id, amount, currency, happenedAt: movedAt },
  );
  if (result === "applied") return "repaired";
  return result === "nothing-to-do" ? undefined : unknown;
}
