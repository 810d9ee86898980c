/** What Stripe puts under `error` in an answer. https://docs.stripe.com/api/errors */
export interface StripeErrorBody {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  /** Stands in the books although the request was refused: the answer is replayed for the same key. */
  payment_intent?: { readonly id: string };
}

/** A request that the sandbox answers with an error. */
export class StripeRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: StripeErrorBody,
  ) {
    super(body.message);
  }
}

export const invalid = (message: string, param?: string, code?: string): StripeRefusal =>
  new StripeRefusal(400, {
    type: "invalid_request_error",
    message,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  });

export const missingParameter = (param: string): StripeRefusal =>
  invalid(`Missing required param: ${param}.`, param, "parameter_missing");

/** A path id that is not there is 404; one named inside a body is 400, as at Stripe. */
export const noSuch = (kind: string, id: string, param: string, status = 404): StripeRefusal =>
  new StripeRefusal(status, {
    type: "invalid_request_error",
    message: `No such ${kind}: '${id}'`,
    param,
    code: "resource_missing",
  });
