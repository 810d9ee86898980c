import postgres from "postgres";
import { LocalFailure } from "./local-failure.ts";

/**
 * Gives each name a role `ecotrack_<name>` and a database of the same name that only this role can connect to.
 * Doing it again changes nothing but the passwords. Returns the URL of each.
 * @throws LocalFailure when the server cannot be reached or does not allow it
 */
export async function createDatabases<Name extends string>(
  superuserUrl: string,
  passwords: Readonly<Record<Name, string>>,
): Promise<Record<Name, string>> {
  const names = Object.keys(passwords) as Name[];
  const sql = postgres(superuserUrl, { max: names.length, connect_timeout: 10, onnotice: () => {} });
  try {
    const existing = await existingNames(sql);
    // Roles one after the other: they write the same catalogue rows.
    for (const name of names) await putRole(sql, `ecotrack_${name}`, passwords[name], existing.roles);
    const missing = names.filter((name) => !existing.databases.has(`ecotrack_${name}`));
    await Promise.all(missing.map((name) => createDatabase(sql, `ecotrack_${name}`)));
    for (const name of missing) await sql.unsafe(`revoke all on database ecotrack_${name} from public`);
  } catch (error) {
    throw refusal(superuserUrl, error);
  } finally {
    await sql.end({ timeout: 1 });
  }
  const urls = names.map((name) => [name, databaseUrl(superuserUrl, name, passwords[name])]);
  return Object.fromEntries(urls) as Record<Name, string>;
}

async function existingNames(sql: postgres.Sql): Promise<{ roles: Set<string>; databases: Set<string> }> {
  const rows = await sql<{ kind: string; name: string }[]>`
    select 'role' as kind, rolname as name from pg_roles where rolname like 'ecotrack%'
    union all select 'database', datname from pg_database where datname like 'ecotrack%'`;
  const named = (kind: string) => new Set(rows.filter((row) => row.kind === kind).map((row) => row.name));
  return { roles: named("role"), databases: named("database") };
}

/** The password is random base64url: no quoting can go wrong. */
async function putRole(
  sql: postgres.Sql,
  role: string,
  password: string,
  existing: Set<string>,
): Promise<void> {
  const verb = existing.has(role) ? "alter" : "create";
  await sql.unsafe(`${verb} role ${role} login nosuperuser nocreatedb nocreaterole password '${password}'`);
}

async function createDatabase(sql: postgres.Sql, name: string): Promise<void> {
  await sql.unsafe(`create database ${name} owner ${name} template template0 encoding 'UTF8'`);
}

function databaseUrl(superuserUrl: string, name: string, password: string): string {
  const url = new URL(superuserUrl);
  url.username = `ecotrack_${name}`;
  url.password = password;
  url.pathname = `/ecotrack_${name}`;
  return url.href;
}

function refusal(superuserUrl: string, error: unknown): LocalFailure {
  const { host } = new URL(superuserUrl);
  const { message } = error as Error;
  if (/no space left/i.test(message)) return new LocalFailure(`The disk of PostgreSQL at ${host} is full`);
  return new LocalFailure(`Cannot make EcoTrack's databases at ${host}: ${message}`);
}
