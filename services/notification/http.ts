import { Type } from "@sinclair/typebox";
import { decodeCursor, encodeCursor } from "#mesh/http/cursor";
import { createServiceApp, type ServiceAppOptions } from "#mesh/http/service-app";
import type { Sql, Transact } from "#mesh/postgres/sql";
import { Uuid } from "#mesh/uuid-schema";
import { notificationStatuses, preferencesByDefault } from "./notification.ts";
import { listNotifications, type NotificationRow } from "./notification-store.ts";
import { findPreferences, savePreferences } from "./recipient-store.ts";

const strict = { additionalProperties: false } as const;

const ListQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: "^([1-9]\\d?|100)$", description: "1 to 100, 20 if left out" }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 500, description: "The nextCursor of the page before" })),
  },
  strict,
);

const NotificationView = Type.Object({
  id: Uuid,
  type: Type.String(),
  channel: Type.String(),
  status: Type.Unsafe<NotificationRow["status"]>(Type.String({ enum: [...notificationStatuses] })),
  subject: Type.Object({ orderId: Type.Optional(Uuid) }),
  createdAt: Type.String({ format: "date-time" }),
  sentAt: Type.Optional(Type.String({ format: "date-time" })),
});
const NotificationPage = Type.Object({
  data: Type.Array(NotificationView),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

const PreferencesBody = Type.Object(
  {
    email: Type.Object(
      {
        orderUpdates: Type.Boolean({ description: "News of an order; its confirmation is always sent" }),
        marketing: Type.Boolean(),
      },
      strict,
    ),
  },
  strict,
);

const defaultPageSize = 20;

export interface NotificationHttpDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
}

/** The routes of notification-service. */
export function createNotificationHttp(base: ServiceAppOptions, { sql, transaction }: NotificationHttpDeps) {
  const tags = ["Notifications"];
  return createServiceApp(base)
    .get(
      "/api/notifications",
      async ({ caller, query }) => {
        const limit = Number(query.limit ?? defaultPageSize);
        const before = query.cursor === undefined ? undefined : decodeCursor(Uuid, query.cursor);
        const rows = await listNotifications(sql, { userId: caller.userId, before, limit: limit + 1 });
        const page = rows.slice(0, limit);
        const last = page.at(-1);
        return {
          data: page.map(notificationView),
          nextCursor: rows.length > limit && last ? encodeCursor(last.id) : null,
        };
      },
      {
        user: "notifications:read",
        query: ListQuery,
        response: { 200: NotificationPage },
        detail: { summary: "What was sent to me", tags },
      },
    )
    .get(
      "/api/notifications/preferences",
      async ({ caller }) => ({ email: (await findPreferences(sql, caller.userId)) ?? preferencesByDefault }),
      {
        user: "notifications:read",
        response: { 200: PreferencesBody },
        detail: { summary: "What I want to get", tags },
      },
    )
    .put(
      "/api/notifications/preferences",
      async ({ caller, body }) => {
        await transaction((tx) => savePreferences(tx, caller.userId, body.email));
        return body;
      },
      {
        user: "notifications:write",
        body: PreferencesBody,
        response: { 200: PreferencesBody },
        detail: { summary: "Choose what I want to get", tags },
      },
    );
}

function notificationView({ id, type, channel, status, orderId, createdAt, sentAt }: NotificationRow) {
  return {
    id,
    type,
    channel,
    status,
    subject: orderId === null ? {} : { orderId },
    createdAt: createdAt.toISOString(),
    ...(sentAt && { sentAt: sentAt.toISOString() }),
  };
}
