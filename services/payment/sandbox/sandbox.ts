import { randomBytes } from "node:crypto";
import { bankPage } from "./bank-page.ts";
import { type BookEvent, Books } from "./books.ts";
import { booksState, type SandboxState } from "./books-state.ts";
import { decodeForm, type Form, textOf } from "./form.ts";
import { type Answer, IdempotencyKeys } from "./idempotency.ts";
import type { BookChange, SavedBooks } from "./saved-books.ts";
import { invalid, noSuch, StripeRefusal } from "./stripe-error.ts";
import type { Intent, Refund } from "./stripe-objects.ts";
import { testCards } from "./test-cards.ts";
import { WebhookSender } from "./webhook-sender.ts";

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
  /** Where a buyer's browser reaches the sandbox; where it was asked, when undefined. */
  readonly publicUrl?: string | undefined;
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

/** A Stripe-shaped provider in memory, for development and tests. What it can do stands in its README. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { secretKey, webhookSecret, webhookUrl, webhookAfterMs = 200, hangMs = 120_000, changed } = options;
  const now = options.now ?? Date.now;
  const run = randomBytes(6).toString("hex");
  let made = 0;
  const newId = (prefix: string) => `${prefix}${run}${(++made).toString(36).padStart(8, "0")}`;
  const webhooks = new WebhookSender({
    url: webhookUrl,
    secret: webhookSecret,
    now,
    backoffMs: options.webhookBackoffMs ?? 500,
  });
  const keys = new IdempotencyKeys(now, options.saved?.keys);
  const seconds = () => Math.floor(now() / 1000);
  let publicUrl = options.publicUrl;
  const books = new Books(newId, seconds, announce, () => publicUrl ?? "");
  if (options.saved !== undefined) books.restore(options.saved);
  const bearer = `Bearer ${secretKey}`;
  const basic = `Basic ${btoa(`${secretKey}:`)}`;

  function announce(event: BookEvent): void {
    if (webhookUrl === undefined) return;
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
      changed?.(touched(books, written.id));
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
    changed?.({ ...touched(books, written.id), keys: remembered });
    if (card?.hangs && textOf(form, "confirm") === "true") await wait(hangMs, request.signal);
    return written.answer;
  }

  return {
    async fetch(request) {
      const { pathname, search, origin } = new URL(request.url);
      publicUrl ??= origin;
      const atBank = await bankPage(books, request, pathname);
      if (atBank !== undefined) {
        if (atBank.changed !== undefined) changed?.(touched(books, atBank.changed));
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
      refunds: [...books.refunds.values()],
      keys: keys.saved(),
    }),
    state: () => booksState(books, webhooks),
    close: () => webhooks.close(),
  };
}

interface Written {
  readonly answer: Answer;
  /** Of the intent or the refund that was made or changed. */
  readonly id: string;
}

/** A declined charge is written too, and its refusal is the answer. @throws StripeRefusal when nothing was done */
function write(books: Books, path: string, form: Form): Written {
  try {
    const made = writeTo(books, path, form);
    return { id: made.id, answer: { status: 200, body: JSON.stringify(made) } };
  } catch (error) {
    const left = error instanceof StripeRefusal ? error.body.payment_intent : undefined;
    if (!(error instanceof StripeRefusal) || left === undefined) throw error;
    return { id: left.id, answer: refusalAnswer(error) };
  }
}

/** The object with this id and the charge that may have changed with it. */
function touched(books: Books, id: string): BookChange {
  const refund = books.refunds.get(id);
  const intent = books.intents.get(id);
  const charge = books.charges.get(refund?.charge ?? intent?.latest_charge ?? "");
  return {
    ...(intent && { intents: [intent] }),
    ...(charge && { charges: [charge] }),
    ...(refund && { refunds: [refund] }),
  };
}

function writeTo(books: Books, path: string, form: Form): Intent | Refund {
  if (path === "/v1/payment_intents") return books.createIntent(form);
  if (path === "/v1/refunds") return books.refund(form);
  const [, id, action] = /^\/v1\/payment_intents\/(\w+)\/(confirm|capture|cancel)$/.exec(path) ?? [];
  if (id === undefined) throw unrecognised("POST", path);
  const intent = books.intent(id);
  if (action === "capture") return books.capture(intent, form);
  if (action === "cancel") return books.cancel(intent, form);
  books.confirm(intent, form);
  return intent;
}

function read(books: Books, path: string, query: string): string {
  const form = decodeForm(query.slice(1));
  if (path === "/v1/payment_intents") return listed(path, [...books.intents.values()].reverse(), form);
  if (path === "/v1/payment_intents/search") {
    return listed(path, searched(books, textOf(form, "query")), form, "search_result");
  }
  if (path === "/v1/refunds") {
    const intent = textOf(form, "payment_intent");
    const all = [...books.refunds.values()].reverse();
    return listed(
      path,
      all.filter((each) => intent === undefined || each.payment_intent === intent),
      form,
    );
  }
  const [, kind, id] = /^\/v1\/(payment_intents|refunds|charges)\/(\w+)$/.exec(path) ?? [];
  if (id === undefined) throw unrecognised("GET", path);
  if (kind === "payment_intents") return JSON.stringify(books.intent(id));
  const found = kind === "refunds" ? books.refunds.get(id) : books.charges.get(id);
  if (found === undefined) throw noSuch(kind === "refunds" ? "refund" : "charge", id, "id");
  return JSON.stringify(found);
}

/** Of Stripe's search language only `metadata['orderId']:'…'`. */
function searched(books: Books, query: string | undefined): readonly Intent[] {
  const orderId = /^metadata\[["']orderId["']\]:["']([^"']+)["']$/.exec(query ?? "")?.[1];
  if (orderId === undefined) throw invalid("Only metadata['orderId']:'…' can be searched for", "query");
  return books.ofOrder(orderId);
}

function listed(
  url: string,
  all: readonly { id: string }[],
  form: Form,
  object: "list" | "search_result" = "list",
): string {
  const limit = Math.min(Math.max(Number(textOf(form, "limit") ?? 10) || 10, 1), 100);
  const after = textOf(form, "starting_after");
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const data = all.slice(start, start + limit);
  return JSON.stringify({ object, url, has_more: start + limit < all.length, data });
}

const refusalAnswer = ({ status, body }: StripeRefusal): Answer => ({
  status,
  body: JSON.stringify({ error: body }),
});

function unknownKey(authorization: string | null): StripeRefusal {
  const message =
    authorization === null
      ? "You did not provide an API key. Send it as 'Authorization: Bearer YOUR_SECRET_KEY'."
      : "Invalid API Key provided.";
  return new StripeRefusal(401, { type: "invalid_request_error", message });
}

const unrecognised = (method: string, path: string): StripeRefusal =>
  new StripeRefusal(404, {
    type: "invalid_request_error",
    message: `Unrecognized request URL (${method}: ${path}).`,
  });

/** Resolves after `ms`, or as soon as the caller has gone. */
function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
