import type { Problem } from "#mesh/problem";
import type { RefundRefusal, Standing } from "./payment.ts";
import type { SignatureRefusal } from "./signature-refusal.ts";

const refundTable = {
  "nothing-captured": {
    status: 409,
    code: "nothing-captured",
    title: "There is no money of this payment to send back",
  },
  disputed: {
    status: 409,
    code: "payment-disputed",
    title: "The buyer disputes this payment at the bank, which decides about the money",
  },
  "currency-differs": {
    status: 422,
    code: "currency-differs",
    title: "A refund has to be in the currency of its payment",
  },
  "above-captured": {
    status: 422,
    code: "refund-above-captured",
    title: "More is to be sent back than is left",
  },
  "by-provider": { status: 409, code: "refund-refused", title: "The payment provider refuses this refund" },
  "payment-not-found": { status: 404, code: "payment-not-found", title: "There is no such payment" },
  "key-in-flight": {
    status: 409,
    code: "idempotency-key-in-flight",
    title: "A request with this Idempotency-Key is under way",
    headers: { "retry-after": "1" },
  },
  "key-reused": {
    status: 422,
    code: "idempotency-key-reused",
    title: "This Idempotency-Key was used for another request",
  },
} satisfies Record<
  RefundRefusal["refused"] | "by-provider" | "payment-not-found" | "key-in-flight" | "key-reused",
  Problem
>;

const signatureDetails = {
  missing: "The headers of the signature are missing or cannot be read",
  wrong: "No signature is that of the body",
  "outside-tolerance": "The signature's time is too far in the past or in the future",
  "untrusted-certificate": "The certificate is not one of the provider's that is valid now",
} satisfies Record<SignatureRefusal, string>;

export type RefundProblem =
  | RefundRefusal
  | { refused: Exclude<keyof typeof refundTable, RefundRefusal["refused"]> };

/** The problem that answers a refused refund. */
export function refundProblem(refusal: RefundProblem): Problem {
  const problem = refundTable[refusal.refused];
  if (refusal.refused === "above-captured") return { ...problem, extensions: { left: refusal.left } };
  if (refusal.refused === "currency-differs") {
    return { ...problem, detail: `The payment is in ${refusal.currency}` };
  }
  return problem;
}

export const signatureProblem = (refusal: SignatureRefusal): Problem => ({
  status: 400,
  code: "signature-invalid",
  title: "The signature is not good",
  detail: signatureDetails[refusal],
});

export const declinedProblem = ({ code, detail }: Extract<Standing, { standing: "declined" }>): Problem => ({
  status: 402,
  code: "payment-declined",
  title: "The payment was declined",
  detail,
  extensions: { declineCode: code },
});

/** Problems that need nothing more to be said. */
export const paymentProblems = {
  cancelled: {
    status: 409,
    code: "payment-cancelled",
    title: "The payment of this order was cancelled and cannot be made any more",
  },
  differs: {
    status: 409,
    code: "payment-differs",
    title: "Another payment was asked for under this order id",
  },
  methodUnavailable: {
    status: 422,
    code: "payment-method-unavailable",
    title: "This shop does not take this way to pay",
  },
  nothingHeld: {
    status: 409,
    code: "nothing-authorized",
    title: "No money of this order is held that could be taken",
  },
  keyMissing: {
    status: 400,
    code: "idempotency-key-missing",
    title: "An Idempotency-Key header is required",
    detail: "Send 1 to 255 visible ASCII characters that are new for each refund you want",
  },
  cardNumber: {
    status: 422,
    code: "card-number-refused",
    title: "Card numbers must not be sent here",
    detail: "Send the token that the payment provider gave for the card",
  },
  webhookMalformed: { status: 400, code: "malformed-request", title: "This is no event" },
} satisfies Record<string, Problem>;
