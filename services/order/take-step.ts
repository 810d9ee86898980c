import type { OrderItem } from "./order.ts";
import type { PaymentClient } from "./payment-client.ts";
import type { ProductClient } from "./product-client.ts";
import type { Outcome, RemoteStep } from "./saga.ts";
import type { SagaRun } from "./saga-run.ts";

/** Asks the service that a step of the saga belongs to. */
export function takeStep(
  { products, payments }: { products: ProductClient; payments: PaymentClient },
  { order, paymentToken }: Pick<SagaRun, "order" | "paymentToken">,
  step: RemoteStep,
): Promise<Outcome> {
  switch (step) {
    case "reserve":
      return products.reserve({ orderId: order.id, items: order.items.map(lineOf) });
    case "charge":
      if (paymentToken === undefined) {
        throw new Error(`The saga of order ${order.id} goes forward without a payment token`);
      }
      return payments.charge(order, paymentToken);
    case "confirm-reservation":
      return products.confirm({ orderId: order.id });
    case "capture":
      return payments.capture(order.id);
    case "cancel-payment":
      return payments.cancel(order.id, order.cancelReason ?? "order-cancelled");
    case "release-stock":
      return products.release(order.id);
  }
}

const lineOf = ({ productId, quantity }: OrderItem) => ({ productId, quantity });
