import { type Static, Type } from "@sinclair/typebox";
import { Uuid } from "../uuid-schema.ts";
import { cloudEvent, type NewEvent } from "./cloud-event.ts";

export const notificationTopic = "notification-events";

const notification = Type.Object({
  notificationId: Uuid,
  userId: Uuid,
  type: Type.String(),
  channel: Type.String(),
  subject: Type.Object({ orderId: Type.Optional(Uuid) }),
});

/** The data of each event of notification-service, by type. */
export const notificationEvents = {
  "ecotrack.notification.sent.v1": notification,
  "ecotrack.notification.failed.v1": Type.Composite([notification, Type.Object({ reason: Type.String() })]),
} as const;

export type NotificationEvents = {
  [T in keyof typeof notificationEvents]: Static<(typeof notificationEvents)[T]>;
};

export const notificationEvent = <T extends keyof NotificationEvents>(
  type: T,
  event: NewEvent<NotificationEvents[T]>,
) => cloudEvent("/notification-service", type, event);
