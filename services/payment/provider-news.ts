import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { WebhookResult } from "./apply-event.ts";
import type { RefundDeps } from "./send-refund.ts";

export interface EventName {
  /** The provider's. */
  readonly id: string;
  readonly type: string;
}

/** What a provider tells: which event it is, and the object it is about, as the provider sent it. */
export interface ProviderNews extends EventName {
  readonly object: unknown;
}

export interface NewsHandler {
  apply(deps: RefundDeps, news: ProviderNews): Promise<WebhookResult>;
  /** The object without what nobody here uses: a dispute has the names and the words of people in it. */
  used(object: unknown): unknown;
}

/** Applies news whose object has this shape; one of another shape is of something that was not made by us. */
export const onNews = <S extends TSchema>(
  schema: S,
  apply: (deps: RefundDeps, event: EventName, object: Static<S>) => Promise<WebhookResult>,
): NewsHandler => ({
  apply: async (deps, { object, ...event }) =>
    Value.Check(schema, object) ? await apply(deps, event, object) : "not-ours",
  used: (object) => Value.Clean(schema, Value.Clone(object)),
});
