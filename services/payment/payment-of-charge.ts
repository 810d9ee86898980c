import type { Payment } from "./payment.ts";
import { type GatewayName, gatewayNamed } from "./payment-gateway.ts";
import { findByOrder, findByOrders, findByReference } from "./payment-store.ts";
import type { RefundDeps } from "./send-refund.ts";

type Deps = Pick<RefundDeps, "sql" | "gateways" | "log">;

/**
 * Whose charge that is of which a provider tells without our order's id. Ours is recorded before the provider is asked, and
 * the provider keeps our order's id with it: so it knows also what we have not heard of yet. `not-ours`: it carries no order
 * of ours. `waits`: the provider itself does not know it, so that nobody can tell yet.
 * @throws ProviderSilent
 */
export async function paymentOfCharge(
  { sql, gateways, log }: Deps,
  gateway: GatewayName,
  reference: string,
): Promise<Payment | "not-ours" | "waits"> {
  // Without an index for it at Stripe, where every charge would pay for that.
  const known = gateway === "paypal" ? await findByReference(sql, gateway, reference) : undefined;
  if (known !== undefined) return known;
  const orderId = await gatewayNamed(gateways, gateway).orderOf(reference);
  if (orderId === undefined) return "waits";
  const payment = await paymentOfOrder(sql, gateway, orderId);
  if (payment === undefined) log.info({ gateway, reference, orderId }, "news of a charge that is not ours");
  return payment ?? "not-ours";
}

/** @param orderId as a provider has it, which may be anything */
export async function paymentOfOrder(
  sql: Deps["sql"],
  gateway: GatewayName,
  orderId: string | null,
): Promise<Payment | undefined> {
  if (!isOrderId(orderId)) return undefined;
  const payment = await findByOrder(sql, orderId);
  return payment?.gateway === gateway ? payment : undefined;
}

/** Of many at once. @returns by the order's id as it was given */
export async function paymentsOfOrders(
  sql: Deps["sql"],
  gateway: GatewayName,
  orderIds: readonly (string | null)[],
): Promise<Map<string, Payment>> {
  const found = await findByOrders(sql, gateway, orderIds.filter(isOrderId));
  const byOrder = new Map(found.map((payment) => [payment.orderId, payment]));
  return new Map(
    orderIds.filter(isOrderId).flatMap((orderId) => {
      const payment = byOrder.get(orderId.toLowerCase());
      return payment ? [[orderId, payment] as const] : [];
    }),
  );
}

const isOrderId = (text: string | null): text is string =>
  text !== null && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
