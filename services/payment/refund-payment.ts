import type { Transaction } from "#mesh/postgres/sql";
import { appendAudit } from "./audit-log.ts";
import { refuseRefund } from "./payment.ts";
import { findById, lockById } from "./payment-store.ts";
import { fingerprintOf, type Refund, type RefundAnswer, type RefundRequest } from "./refund.ts";
import { answerOf, refusalAnswer } from "./refund-answer.ts";
import { refundAsked } from "./refund-audit.ts";
import {
  holdRefund,
  insertPendingRefund,
  insertRefusedRefund,
  keepAnswer,
  lockByKey,
} from "./refund-store.ts";
import { type RefundDeps, sendRefund } from "./send-refund.ts";

export type RefundResult =
  | { readonly answer: RefundAnswer; readonly replayed: boolean }
  | { readonly refused: "payment-not-found" | "key-in-flight" | "key-reused" };

/**
 * Sends money of a captured payment back, whole or in part, once per idempotency key and person. A process that dies
 * in the middle leaves a held refund: a repeat takes it up when the hold is over, as does the sweep.
 */
export async function refundPayment(deps: RefundDeps, request: RefundRequest): Promise<RefundResult> {
  const begun = await beginOnce(deps, request);
  if (!("refund" in begun)) return begun;
  const { refund, currency } = begun;
  const status = refund.status === "pending" ? await sendRefund(deps, refund) : refund.status;
  const answer = await keepAnswer(deps.sql, refund.id, answerOf({ ...refund, status }, currency));
  return { answer, replayed: false };
}

type Begun = RefundResult | { readonly refund: Refund; readonly currency: string };

async function beginOnce(deps: RefundDeps, request: RefundRequest): Promise<Begun> {
  try {
    return await deps.transaction(async (tx) => begin(deps, tx, request));
  } catch (error) {
    // Two requests with a new key at the same instant: the unique key lets one of them in.
    if ((error as { code?: string }).code === "23505") return { refused: "key-in-flight" };
    throw error;
  }
}

async function begin({ newId, now }: RefundDeps, tx: Transaction, request: RefundRequest): Promise<Begun> {
  const fingerprint = fingerprintOf(request);
  const known = await lockByKey(tx, request.requestedBy, request.idempotencyKey);
  if (known !== undefined) return await resume(tx, known, fingerprint);
  const payment = await lockById(tx, request.paymentId);
  if (payment === undefined || payment.userId === null) return { refused: "payment-not-found" };
  const { amount, ...rest } = request;
  const wanted = {
    ...rest,
    id: newId(),
    amount: amount.amount,
    origin: "admin" as const,
    fingerprint,
    createdAt: now(),
  };
  const refusal = refuseRefund(payment, amount);
  if (refusal !== undefined) {
    const answer = refusalAnswer(payment.id, refusal);
    await insertRefusedRefund(tx, wanted, answer);
    return { answer, replayed: false };
  }
  await appendAudit(tx, refundAsked(payment, wanted));
  return { refund: await insertPendingRefund(tx, wanted), currency: payment.currency };
}

async function resume(tx: Transaction, known: Refund, fingerprint: string): Promise<Begun> {
  if (known.fingerprint !== fingerprint) return { refused: "key-reused" };
  const { answerStatus: status, answerBody: body } = known;
  if (status !== null && body !== null) return { answer: { status, body }, replayed: true };
  if (known.isHeld) return { refused: "key-in-flight" };
  const payment = await findById(tx, known.paymentId);
  if (payment === undefined) throw new Error(`Refund ${known.id} has no payment`);
  if (known.status === "pending") await holdRefund(tx, known.id);
  return { refund: known, currency: payment.currency };
}
