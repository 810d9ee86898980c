import type { MailContent } from "./templates/layout.ts";
import type { CancelledOrder } from "./templates/order-cancelled.ts";
import { orderCancelled } from "./templates/order-cancelled.ts";
import type { ConfirmedOrder } from "./templates/order-confirmed.ts";
import { orderConfirmed } from "./templates/order-confirmed.ts";
import type { ShippedOrder } from "./templates/order-shipped.ts";
import { orderShipped } from "./templates/order-shipped.ts";
import { welcome } from "./templates/welcome.ts";

export const notificationStatuses = ["queued", "sending", "sent", "failed", "skipped"] as const;
export type NotificationStatus = (typeof notificationStatuses)[number];

/** What each kind of notification is made from. */
interface Contents {
  welcome: Record<never, never>;
  "order-confirmed": ConfirmedOrder;
  "order-cancelled": CancelledOrder;
  "order-shipped": ShippedOrder;
}
export type NotificationType = keyof Contents;

/** One message to one person. `key` is what it is about: there is never a second one with the same. */
export type NewNotification = {
  [T in NotificationType]: {
    readonly id: string;
    readonly key: string;
    readonly userId: string;
    readonly type: T;
    readonly orderId?: string | null;
    /** What it came from, for its log lines and events. */
    readonly traceparent?: string | undefined;
    readonly correlationId?: string | undefined;
    readonly content: Contents[T];
  };
}[NotificationType];

export interface Preferences {
  /** News of an order besides its confirmation, which is a receipt and always sent. */
  readonly orderUpdates: boolean;
  readonly marketing: boolean;
}

/** Advertising is sent to nobody who has not asked for it (Directive 2002/58/EC, article 13). */
export const preferencesByDefault: Preferences = { orderUpdates: true, marketing: false };

/** Whether a person who chose `preferences` gets a message of this kind. */
export function isWanted(type: NotificationType, { orderUpdates }: Preferences): boolean {
  return type === "order-cancelled" || type === "order-shipped" ? orderUpdates : true;
}

/** The words of a message. */
export function render(
  notification: Pick<NewNotification, "type" | "content">,
  firstName: string,
): MailContent {
  switch (notification.type) {
    case "welcome":
      return welcome({ firstName });
    case "order-confirmed":
      return orderConfirmed({ ...(notification.content as ConfirmedOrder), firstName });
    case "order-cancelled":
      return orderCancelled({ ...(notification.content as CancelledOrder), firstName });
    case "order-shipped":
      return orderShipped({ ...(notification.content as ShippedOrder), firstName });
  }
}

const firstRetryMs = 2000;
const longestRetryMs = 10 * 60_000;
/** About a day and a half with the waits above: a mail server may be away over a weekend's night. */
const mostAttempts = 220;

/** When to try again after the nth failure, in ms; undefined when it is given up. */
export function retryAfterMs(attempts: number): number | undefined {
  if (attempts >= mostAttempts) return undefined;
  return Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs);
}
