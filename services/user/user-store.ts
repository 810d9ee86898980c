import type { Reader, Transaction } from "#mesh/postgres/sql";
import type { User } from "./user.ts";

/** Only what signing in needs; the hash goes nowhere else. */
export interface Credentials {
  readonly userId: string;
  /** null where the person signs in elsewhere only. */
  readonly passwordHash: string | null;
}

export async function findUser(sql: Reader, id: string): Promise<User | undefined> {
  const [user] = await sql<User[]>`select ${userColumns(sql)} from users where id = ${id}`;
  return user;
}

/** Whoever changes the account waits for the one before. */
export async function lockUser(tx: Transaction, id: string): Promise<User | undefined> {
  const [user] = await tx<User[]>`select ${userColumns(tx)} from users where id = ${id} for no key update`;
  return user;
}

/** Keeps the account from being deleted until the transaction ends; hinders nobody else. */
export async function holdUser(tx: Transaction, id: string): Promise<User | undefined> {
  const [user] = await tx<User[]>`select ${userColumns(tx)} from users where id = ${id} for key share`;
  return user;
}

const userColumns = (sql: Reader) => sql`
  id, email, first_name as "firstName", last_name as "lastName", bio, preferences, roles, tier,
  created_at as "createdAt", updated_at as "updatedAt"`;

/** @param email in its normal form */
export async function findCredentials(sql: Reader, email: string): Promise<Credentials | undefined> {
  const [found] = await sql<Credentials[]>`
    select id as "userId", password_hash as "passwordHash" from users where email = ${email}`;
  return found;
}

/** Of somebody who is signed in. */
export async function findPasswordHash(
  sql: Reader,
  id: string,
): Promise<Pick<Credentials, "passwordHash"> | undefined> {
  const [found] = await sql<Pick<Credentials, "passwordHash">[]>`
    select password_hash as "passwordHash" from users where id = ${id}`;
  return found;
}

/** @returns false when the address belongs to somebody already */
export async function insertUser(tx: Transaction, user: User, passwordHash: string | null): Promise<boolean> {
  const { count } = await tx`
    insert into users (id, email, password_hash, first_name, last_name, bio, preferences, roles,
      created_at, updated_at)
    values (${user.id}, ${user.email}, ${passwordHash}, ${user.firstName}, ${user.lastName}, ${user.bio},
      ${tx.json({ ...user.preferences })}, ${[...user.roles]}, ${user.createdAt}, ${user.updatedAt})
    on conflict (email) do nothing`;
  return count === 1;
}

export async function updateProfile(tx: Transaction, user: User): Promise<void> {
  await tx`
    update users
    set first_name = ${user.firstName}, last_name = ${user.lastName}, bio = ${user.bio},
      preferences = ${tx.json({ ...user.preferences })}, updated_at = ${user.updatedAt}
    where id = ${user.id}`;
}

export async function updatePasswordHash(tx: Transaction, id: string, passwordHash: string): Promise<void> {
  await tx`update users set password_hash = ${passwordHash} where id = ${id}`;
}

/** Sign-ins of the consent page from before are not good any more. */
export async function endBrowserSignIns(tx: Transaction, id: string, at: Date): Promise<void> {
  await tx`update users set signed_in_since = ${at} where id = ${id}`;
}

/** Whoever signed in on the consent page at that time, if that is still good. */
export async function findSignedIn(sql: Reader, id: string, at: Date): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    select ${userColumns(sql)} from users where id = ${id} and (signed_in_since is null or signed_in_since < ${at})`;
  return user;
}

/** @returns false when there is no such user */
export async function updateTier(tx: Transaction, id: string, tier: string): Promise<boolean> {
  const { count } = await tx`update users set tier = ${tier} where id = ${id}`;
  return count === 1;
}

/** Personal data goes at once and for good; what others keep about the id is theirs to erase on the event. */
export async function deleteUserRow(tx: Transaction, id: string): Promise<boolean> {
  const { count } = await tx`delete from users where id = ${id}`;
  return count === 1;
}
