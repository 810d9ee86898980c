import type { Reader } from "#mesh/postgres/sql";

/** What is kept for good because it moves money or touches its safety. */
export type AuditAct =
  | "charge-asked"
  | "charge-action-required"
  | "charge-authorized"
  | "charge-captured"
  | "charge-declined"
  | "charge-voided"
  | "charge-reversed"
  | "capture-asked"
  | "cancellation-asked"
  | "refund-asked"
  | "refund-settled"
  | "refund-refused"
  | "refund-reversed"
  | "dispute-changed"
  | "webhook-refused"
  | "reconciliation-repair"
  | "reconciliation-finding"
  | "keys-rotated";

export interface AuditEntry {
  readonly at: Date;
  readonly act: AuditAct;
  readonly paymentId: string | null;
  /** JSON; the exact text is hashed. Never a token, a payer's name or anything else that is sealed. */
  readonly content: string;
}

export function auditEntry(
  at: Date,
  act: AuditAct,
  paymentId: string | null,
  content: Readonly<Record<string, unknown>>,
): AuditEntry {
  return { at, act, paymentId, content: JSON.stringify(content) };
}

/** Writes an act into the transaction that does it; `seal-audit-log.ts` chains it later. */
export async function appendAudit(sql: Reader, { at, act, paymentId, content }: AuditEntry): Promise<void> {
  await sql`
    insert into audit_log (at, act, payment_id, content) values (${at}, ${act}, ${paymentId}, ${content})`;
}
