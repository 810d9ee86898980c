import type { Reader, Transaction } from "#mesh/postgres/sql";
import type { Preferences } from "./notification.ts";

export interface Recipient {
  readonly userId: string;
  readonly email: string;
  readonly firstName: string;
}

/** Keeps what user-service said last. Somebody who is gone stays gone. */
export async function saveRecipient(tx: Transaction, { userId, email, firstName }: Recipient): Promise<void> {
  await tx`
    insert into recipients (user_id, email, first_name) values (${userId}, ${email}, ${firstName})
    on conflict (user_id) do update set email = excluded.email, first_name = excluded.first_name, updated_at = now()
    where recipients.deleted_at is null`;
}

/** Forgets a person but for the fact that they are gone. */
export async function eraseRecipient(tx: Transaction, userId: string): Promise<void> {
  await tx`
    insert into recipients (user_id, email, first_name, deleted_at) values (${userId}, '', '', now())
    on conflict (user_id) do update set email = '', first_name = '', deleted_at = now(), updated_at = now()`;
  await tx`delete from preferences where user_id = ${userId}`;
}

export async function findPreferences(sql: Reader, userId: string): Promise<Preferences | undefined> {
  const [row] = await sql<Preferences[]>`
    select order_updates as "orderUpdates", marketing from preferences where user_id = ${userId}`;
  return row;
}

export async function savePreferences(
  tx: Transaction,
  userId: string,
  { orderUpdates, marketing }: Preferences,
): Promise<void> {
  await tx`
    insert into preferences (user_id, order_updates, marketing) values (${userId}, ${orderUpdates}, ${marketing})
    on conflict (user_id) do update
      set order_updates = excluded.order_updates, marketing = excluded.marketing, updated_at = now()`;
}
