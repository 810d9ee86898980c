import type postgres from "postgres";

/** How PostgreSQL's types arrive: int8 as a checked number, numeric as text, timestamptz as Date. */
export type PostgresTypes = { bigint: number };

/** Reads. */
export type Sql = postgres.Sql<PostgresTypes>;
/** Writes: whatever has this in its hands is inside a transaction. */
export type Transaction = postgres.TransactionSql<PostgresTypes>;
/** Either; for a read that has to see what the transaction around it wrote. */
export type Reader = Sql | Transaction;
/** Runs one statement that is a transaction of its own, outbox rows included, and tells the relay after it. */
export type Autocommit = <T>(statement: (sql: Sql) => Promise<T>) => Promise<T>;
/** Runs `work` in a transaction and tells the outbox relay after the commit. */
export type Transact = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
