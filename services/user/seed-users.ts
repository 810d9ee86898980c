import { appendEvents } from "#mesh/outbox/append";
import { newUser, type Registration, type Role } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { registered, userTopic } from "./user-event.ts";
import { findCredentials, insertUser } from "./user-store.ts";

interface SeedUser extends Registration {
  readonly id: string;
  readonly roles: readonly Role[];
}

/** The accounts to try things with; each only when its password is given. The ids are always the same. */
export function demoUsers(passwords: {
  customer: string | undefined;
  admin: string | undefined;
}): SeedUser[] {
  const users = [
    {
      id: "01980000-0000-7000-8000-000000000001",
      email: "demo@ecotrack.test",
      password: passwords.customer,
      firstName: "Dana",
      lastName: "Demo",
      roles: ["customer"] as const,
    },
    {
      id: "01980000-0000-7000-8000-000000000002",
      email: "admin@ecotrack.test",
      password: passwords.admin,
      firstName: "Ada",
      lastName: "Admin",
      roles: ["customer", "admin"] as const,
    },
  ];
  return users.flatMap(({ password, ...user }) => (password ? [{ ...user, password }] : []));
}

/**
 * Makes the accounts that do not exist yet, with their events, so that other services know them too.
 * An account that exists stays as it is, its password included. Returns how many were made.
 */
export async function seedUsers(
  {
    sql,
    transaction,
    passwords,
    metrics,
    now,
    newId,
  }: Pick<UserDeps, "sql" | "transaction" | "passwords" | "metrics" | "now" | "newId">,
  users: readonly SeedUser[],
): Promise<number> {
  let made = 0;
  for (const each of users) {
    if (await findCredentials(sql, each.email)) continue;
    const passwordHash = await passwords.hash(each.password);
    const user = newUser(each, { id: each.id, at: now(), roles: each.roles });
    const inserted = await transaction(async (tx) => {
      if (!(await insertUser(tx, user, passwordHash))) return false;
      await appendEvents(tx, userTopic, [registered(user, newId())]);
      return true;
    });
    if (!inserted) continue;
    metrics.registrations.inc({ registration_type: "password", source: "seed" });
    made++;
  }
  return made;
}
