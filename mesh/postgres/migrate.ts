import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Sql, Transaction } from "./sql.ts";

/** Serialises migrations of one database, whoever starts them. Any number does, as long as nothing else uses it. */
const migrationLock = 7_340_001;

/** `prefix` keeps apart the files of several directories that are applied to one database. */
export interface MigrationSource {
  readonly prefix: string;
  readonly directory: URL;
}

/**
 * Applies every `NNNN_name.sql` that is not applied yet, in order, all in one transaction, and returns their names.
 * Repeating it does nothing; two processes at once do it once.
 * @throws Error when an applied file has changed since, or is gone
 */
export async function migrate(sql: Sql, sources: readonly MigrationSource[]): Promise<string[]> {
  const files = (await Promise.all(sources.map(readSource))).flat();
  return await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${migrationLock})`;
    await tx`set local client_min_messages = warning`;
    await tx`
      create table if not exists schema_migrations (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default now()
      )`;
    return applyMissing(tx, files);
  });
}

/** A short name for the content of all these files: the same content, the same name. */
export async function migrationsDigest(sources: readonly MigrationSource[]): Promise<string> {
  const files = (await Promise.all(sources.map(readSource))).flat();
  const text = files.map(({ name, checksum }) => name + checksum).join();
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

interface MigrationFile {
  readonly name: string;
  readonly checksum: string;
  readonly statements: string;
}

async function readSource({ prefix, directory }: MigrationSource): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  const files = await Promise.all(
    names.map(async (name) => {
      const statements = await readFile(new URL(name, directory), "utf8");
      const checksum = createHash("sha256").update(statements).digest("hex");
      return { name: `${prefix}/${name}`, checksum, statements };
    }),
  );
  // An editor may make a file before anything is in it.
  return files.filter(({ statements }) => statements.trim() !== "");
}

const mend =
  "put the file back as it was and add a new one (in development: or start over with bun dev --fresh)";

async function applyMissing(tx: Transaction, files: readonly MigrationFile[]): Promise<string[]> {
  const rows = await tx<{ name: string; checksum: string }[]>`select name, checksum from schema_migrations`;
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  const added: string[] = [];
  for (const { name, checksum, statements } of files) {
    const known = applied.get(name);
    applied.delete(name);
    if (known === checksum) continue;
    if (known) throw new Error(`Migration ${name} has changed since it was applied: ${mend}`);
    await tx.unsafe(statements);
    await tx`insert into schema_migrations (name, checksum) values (${name}, ${checksum})`;
    added.push(name);
  }
  const [missing] = applied.keys();
  if (missing) throw new Error(`Migration ${missing} is applied, but its file is gone: ${mend}`);
  return added;
}
