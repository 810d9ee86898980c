import { ProblemError, problems } from "#mesh/problem";
import type { WebhookResult } from "./apply-event.ts";
import { type GatewayName, ProviderSilent } from "./payment-gateway.ts";
import { paypalNews, readPaypalEvent } from "./paypal-webhook.ts";
import type { RefundDeps } from "./send-refund.ts";
import { readStripeEvent, stripeNews } from "./stripe-webhook.ts";
import { unusedNews } from "./unused-news.ts";
import { claimDueNews, dropNews, dropOldNews, keepWaiting, type WaitingNews } from "./waiting-news-store.ts";

const providers = {
  stripe: { read: readStripeEvent, handlers: stripeNews },
  paypal: { read: readPaypalEvent, handlers: paypalNews },
} as const;
const atOnce = 20;

/**
 * Takes an event whose signature was checked. What cannot be judged yet is kept and taken up again by the sweep.
 * @param body the event's JSON
 * @throws ProblemError when it has to wait and too much waits already: the provider comes again
 */
export async function takeNews(deps: RefundDeps, gateway: GatewayName, body: string): Promise<WebhookResult> {
  const read = providers[gateway].read(body);
  if (read === undefined) return "malformed";
  const handler = providers[gateway].handlers.get(read.type);
  const result = await applyNews(deps, { ...read, gateway });
  deps.metrics.webhooks.inc({ gateway, result });
  if (result !== "waits" || handler === undefined) return result;
  const { id, type } = read;
  deps.log.info({ gateway, id, type }, "news of a provider waits");
  if (await keepWaiting(deps.sql, { gateway, id, type, object: handler.used(read.object) })) return result;
  deps.log.error({ gateway, id, type }, "too much news of the providers waits");
  throw new ProblemError(problems.unavailable("What this depends on"));
}

/** Takes up again what waits, and gives up what did so for days. Any number of processes may do so at once. */
export async function takeWaitingNews(deps: RefundDeps): Promise<void> {
  const due = await claimDueNews(deps.sql, atOnce);
  const taken = await Promise.allSettled(due.map(async (news) => takeAgain(deps, news)));
  for (const result of taken) {
    if (result.status === "rejected")
      deps.log.error({ err: result.reason }, "waiting news cannot be applied");
  }
  for (const { gateway, id, type } of await dropOldNews(deps.sql)) {
    deps.metrics.webhooks.inc({ gateway, result: "given-up" });
    deps.log.error({ gateway, id, type }, "news of a provider could not be judged for days and is given up");
  }
}

async function takeAgain(deps: RefundDeps, news: WaitingNews): Promise<void> {
  const result = await applyNews(deps, news);
  if (result === "waits") return;
  deps.metrics.webhooks.inc({ gateway: news.gateway, result });
  await dropNews(deps.sql, news);
}

/** `waits` also when the provider had to be asked for something and was silent. */
async function applyNews(deps: RefundDeps, news: WaitingNews): Promise<WebhookResult> {
  const { gateway, type } = news;
  try {
    return await applyNow(deps, news);
  } catch (error) {
    if (!(error instanceof ProviderSilent)) throw error;
    deps.log.warn({ gateway, type, err: error }, "a provider cannot be asked");
    return "waits";
  }
}

/** @throws ProviderSilent */
export async function applyNow(deps: RefundDeps, news: WaitingNews): Promise<WebhookResult> {
  const { gateway, id, type } = news;
  const handler = providers[gateway].handlers.get(type);
  if (handler !== undefined) return await handler.apply(deps, news);
  if (unusedNews[gateway].has(type)) return "nothing-to-do";
  deps.log.error({ gateway, id, type }, "news of a provider is of a type that nobody here knows");
  return "unknown-type";
}
