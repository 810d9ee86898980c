import { randomBytes } from "node:crypto";
import { bankPage } from "./bank-page.ts";
import { type BookEvent, Books } from "./books.ts";
import { booksState, type SandboxState } from "./books-state.ts";
import { decodeForm, type Form, textOf } from "./form.ts";
import { type Answer, IdempotencyKeys } from "./idempotency.ts";
import { createPaypalSandbox, type PaypalSandboxOptions } from "./paypal/paypal-sandbox.ts";
import type { BookChange, SavedBooks } from "./saved-books.ts";
import { StripeRefusal } from "./stripe-error.ts";
import type { Charge } from "./stripe-objects.ts";
import { read, refusalAnswer, touched, unrecognised, type Written, write } from "./stripe-routes.ts";
import { testCards } from "./test-cards.ts";
import { wait } from "./wait.ts";
import { signatureHeader, type Undelivered, type WebhookChange, WebhookSender } from "./webhook-sender.ts";

export interface SandboxOptions {
  /** Only this key may call, as bearer token or as the user of basic authentication. */
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Without it no events are sent. */
  readonly webhookUrl?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** How long after an answer its event is sent, in milliseconds. */
  readonly webhookAfterMs?: number;
  readonly webhookBackoffMs?: number;
  /** How long `pm_sandbox_timeoutAfterCharging` keeps its caller waiting, in milliseconds. */
  readonly hangMs?: number;
  /** How long after it a refund of `pm_card_refundFail` or `SANDBOX_refundfail_…` comes back, in milliseconds. */
  readonly refundsFailAfterMs?: number;
  /** Where a buyer's browser reaches the sandbox; where it was asked, when undefined. */
  readonly publicUrl?: string | undefined;
  /** The PayPal side; without it there is none. */
  readonly paypal?:
    | Pick<PaypalSandboxOptions, "clientId" | "clientSecret" | "webhookId" | "webhookUrl">
    | undefined;
  /** What an earlier run saved. */
  readonly saved?: SavedBooks | undefined;
  /** Told of every change before its answer is sent. */
  readonly changed?: (change: BookChange) => void;
}

export interface Sandbox {
  fetch(request: Request): Promise<Response>;
  /** What the provider knows of every payment; the same as `GET /sandbox/state`. */
  state(): SandboxState;
  /** What the next run needs to know. */
  saved(): SavedBooks;
  close(): void;
}

const apiVersion = "2026-10-28.endive";

/** A provider that is Stripe and PayPal in memory, for development and tests. The README tells what it can do. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { secretKey, webhookSecret, webhookUrl, webhookAfterMs = 200, hangMs = 120_000, changed } = options;
  const { refundsFailAfterMs = 2_000 } = options;
  const now = options.now ?? Date.now;
  const run = randomBytes(6).toString("hex");
  let made = 0;
  const newId = (prefix: string) => `${prefix}${run}${(++made).toString(36).padStart(8, "0")}`;
  // Written down with what they tell of: neither may be known to the next run without the other.
  let announced: Undelivered[] = [];
  function record(change: BookChange): void {
    const undelivered = announced;
    announced = [];
    changed?.({ ...change, ...(undelivered.length > 0 && { undelivered }) });
  }
  function webhooksChanged({ undelivered = [], delivered }: WebhookChange): void {
    announced.push(...undelivered);
    if (delivered !== undefined) record({ delivered });
  }
  const webhooks = new WebhookSender("stripe", {
    url: webhookUrl,
    headers: (payload) => ({
      "stripe-signature": signatureHeader(payload, webhookSecret, now()),
      "user-agent": "Stripe/1.0 (sandbox)",
    }),
    backoffMs: options.webhookBackoffMs ?? 500,
    changed: webhooksChanged,
  });
  const keys = new IdempotencyKeys(now, options.saved?.keys);
  const seconds = () => Math.floor(now() / 1000);
  let publicUrl = options.publicUrl;
  const books = new Books(newId, seconds, announce, () => publicUrl ?? "");
  if (options.saved !== undefined) books.restore(options.saved);
  const paypal =
    options.paypal &&
    createPaypalSandbox({
      ...options.paypal,
      publicUrl: () => publicUrl ?? "",
      now,
      webhookAfterMs,
      webhookBackoffMs: options.webhookBackoffMs ?? 500,
      hangMs,
      refundsFailAfterMs,
      saved: options.saved?.paypal,
      changed: (change) => record({ paypal: change }),
      webhooksChanged,
    });
  for (const each of options.saved?.undelivered ?? []) {
    (each.to === "paypal" ? paypal?.webhooks : webhooks)?.resend(each, webhookAfterMs);
  }
  const bearer = `Bearer ${secretKey}`;
  const basic = `Basic ${btoa(`${secretKey}:`)}`;

  function refundsComeBack({ id, payment_method }: Charge): void {
    const fails = testCards.get(payment_method)?.refundsFail;
    const made = [...books.refunds.all.values()].filter(({ charge }) => charge === id);
    if (fails === undefined || (fails === "once" && made.length > 1)) return;
    const timer = setTimeout(() => {
      for (const refund of made) {
        if (refund.status === "failed") continue;
        books.refunds.fail(refund);
        record(touched(books, refund.id));
      }
    }, refundsFailAfterMs);
    timer.unref?.();
  }

  const isUntold = ({ object }: BookEvent): boolean =>
    object.object === "dispute" &&
    testCards.get(books.charges.get(object.charge)?.payment_method ?? "")?.untold === true;

  function announce(event: BookEvent): void {
    if (event.type === "charge.refunded") refundsComeBack(event.object);
    if (webhookUrl === undefined || isUntold(event)) return;
    const card = "card" in event ? event.card : undefined;
    const payload = JSON.stringify({
      id: newId("evt_"),
      object: "event",
      api_version: apiVersion,
      created: seconds(),
      data: { object: event.object },
      livemode: false,
      pending_webhooks: 1,
      request: null,
      type: event.type,
    });
    for (let i = 0; i < (card?.deliveries ?? 1); i++) {
      webhooks.send(payload, webhookAfterMs + (card?.webhookAfter ?? 0));
    }
  }

  async function answer(request: Request, path: string, query: string): Promise<Answer & { again?: true }> {
    const authorization = request.headers.get("authorization");
    if (authorization !== bearer && authorization !== basic) throw unknownKey(authorization);
    if (request.method === "GET") return { status: 200, body: read(books, path, query) };
    if (request.method !== "POST") throw unrecognised(request.method, path);
    const text = await request.text();
    const key = request.headers.get("idempotency-key");
    if (key === null) {
      const written = write(books, path, decodeForm(text));
      record(touched(books, written.id));
      return written.answer;
    }
    const first = keys.begin(key, `${path}?${text}`);
    if (first !== undefined) return { ...first, again: true };
    return await once(key, request, path, decodeForm(text));
  }

  async function once(key: string, request: Request, path: string, form: Form): Promise<Answer> {
    const card =
      path === "/v1/payment_intents" ? testCards.get(textOf(form, "payment_method") ?? "") : undefined;
    let written: Written;
    try {
      if (card?.answersAfter !== undefined) await wait(card.answersAfter);
      written = write(books, path, form);
    } catch (error) {
      keys.release(key);
      throw error;
    }
    const remembered = keys.end(key, written.answer);
    record({ ...touched(books, written.id), keys: remembered });
    if (card?.hangs && textOf(form, "confirm") === "true") await wait(hangMs, request.signal);
    return written.answer;
  }

  return {
    async fetch(request) {
      const { pathname, search, origin } = new URL(request.url);
      publicUrl ??= origin;
      if (paypal?.owns(pathname)) return await paypal.fetch(request);
      const atBank = await bankPage(books, request, pathname);
      if (atBank !== undefined) {
        if (atBank.changed !== undefined) record(touched(books, atBank.changed));
        return atBank.response;
      }
      const headers: Record<string, string> = {
        "content-type": "application/json",
        "request-id": newId("req_"),
        "stripe-version": request.headers.get("stripe-version") ?? apiVersion,
      };
      const key = request.headers.get("idempotency-key");
      if (key !== null) headers["idempotency-key"] = key;
      try {
        const given = await answer(request, pathname, search);
        if (given.again) headers["idempotent-replayed"] = "true";
        return new Response(given.body, { status: given.status, headers });
      } catch (error) {
        if (!(error instanceof StripeRefusal)) throw error;
        const given = refusalAnswer(error);
        return new Response(given.body, { status: given.status, headers });
      }
    },
    saved: () => ({
      intents: [...books.intents.values()],
      charges: [...books.charges.values()],
      refunds: [...books.refunds.all.values()],
      disputes: [...books.disputes.all.values()],
      keys: keys.saved(),
      undelivered: [...webhooks.undelivered, ...(paypal?.webhooks.undelivered ?? [])],
      ...(paypal && { paypal: paypal.saved() }),
    }),
    state: () => booksState(books, webhooks, paypal),
    close() {
      webhooks.close();
      paypal?.webhooks.close();
    },
  };
}

function unknownKey(authorization: string | null): StripeRefusal {
  const message =
    authorization === null
      ? "You did not provide an API key. Send it as 'Authorization: Bearer YOUR_SECRET_KEY'."
      : "Invalid API Key provided.";
  return new StripeRefusal(401, { type: "invalid_request_error", message });
}
