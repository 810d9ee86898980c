import type postgres from "postgres";

/** How PostgreSQL's types arrive: int8 as a checked number, numeric as text, timestamptz as Date. */
export type PostgresTypes = { bigint: number };

/** Reads. */
export type Sql = postgres.Sql<PostgresTypes>;
/** Writes: whatever has this in its hands is inside a transaction. */
export type Transaction = postgres.TransactionSql<PostgresTypes>;
/** Either; for a read that has to see what the transaction around it wrote. */
export type Reader = Sql | Transaction;
/** Runs `work` in a transaction and tells the outbox relay after the commit. */
export type Transact = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
