import { StripeRefusal } from "./stripe-error.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Remembered {
  readonly request: string;
  readonly at: number;
  answer: Answer | undefined;
}

export type SavedKeys = readonly (readonly [key: string, Remembered])[];

const keptForMs = 24 * 60 * 60 * 1000;

/**
 * Stripe's idempotency keys: the first answer again for the same request, 400 for another one, 409 while
 * the first is under way; kept 24 h. https://docs.stripe.com/api/idempotent_requests
 * Parameters count as the same when the bodies are the same text; Stripe also looks past their order.
 */
export class IdempotencyKeys {
  readonly #known: Map<string, Remembered>;

  constructor(
    private readonly now: () => number,
    saved: SavedKeys = [],
  ) {
    this.#known = new Map(saved);
  }

  /** The keys whose answer is known, oldest first. */
  saved(): SavedKeys {
    this.#forgetOld();
    return [...this.#known].filter(([, { answer }]) => answer !== undefined);
  }

  /** The first answer to this key, or undefined when the request is the first and may run. */
  begin(key: string, request: string): Answer | undefined {
    this.#forgetOld();
    const found = this.#known.get(key);
    if (found === undefined) {
      this.#known.set(key, { request, at: this.now(), answer: undefined });
      return undefined;
    }
    if (found.request !== request) {
      throw new StripeRefusal(400, {
        type: "idempotency_error",
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      });
    }
    if (found.answer === undefined) {
      throw new StripeRefusal(409, {
        type: "invalid_request_error",
        code: "idempotency_key_in_use",
        message: "There is currently another in-progress request using this Idempotency Key.",
      });
    }
    return found.answer;
  }

  /** @returns what is now known of the key, as `saved` has it */
  end(key: string, answer: Answer): SavedKeys {
    const found = this.#known.get(key);
    if (found === undefined) return [];
    found.answer = answer;
    return [[key, found]];
  }

  /** A request that was refused before it did anything leaves its key free. */
  release(key: string): void {
    this.#known.delete(key);
  }

  // A Map keeps the order of insertion, so the oldest stands first and one look is enough.
  #forgetOld(): void {
    for (const [key, { at }] of this.#known) {
      if (at > this.now() - keptForMs) return;
      this.#known.delete(key);
    }
  }
}
