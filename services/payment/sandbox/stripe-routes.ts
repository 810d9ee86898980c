import type { Books } from "./books.ts";
import { decodeForm, type Form, recordOf, textOf } from "./form.ts";
import type { Answer } from "./idempotency.ts";
import type { BookChange } from "./saved-books.ts";
import { invalid, noSuch, StripeRefusal } from "./stripe-error.ts";
import type { Dispute, Intent, Refund } from "./stripe-objects.ts";

export interface Written {
  readonly answer: Answer;
  /** Of the intent or the refund that was made or changed. */
  readonly id: string;
}

/** A declined charge is written too, and its refusal is the answer. @throws StripeRefusal when nothing was done */
export function write(books: Books, path: string, form: Form): Written {
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
export function touched(books: Books, id: string): BookChange {
  const refund = books.refunds.all.get(id);
  const intent = books.intents.get(id);
  const charge = books.charges.get(refund?.charge ?? intent?.latest_charge ?? "");
  const disputes = [...books.disputes.all.values()].filter(
    (each) => each.id === id || each.charge === charge?.id,
  );
  return {
    ...(disputes.length > 0 && { disputes }),
    ...(intent && { intents: [intent] }),
    ...(charge && { charges: [charge] }),
    ...(refund && { refunds: [refund] }),
  };
}

function writeTo(books: Books, path: string, form: Form): Intent | Refund | Dispute {
  if (path === "/v1/payment_intents") return books.createIntent(form);
  if (path === "/v1/refunds") return books.refunds.make(form);
  const dispute = books.disputes.all.get(/^\/v1\/disputes\/(\w+)$/.exec(path)?.[1] ?? "");
  if (dispute !== undefined) {
    return books.disputes.decide(dispute, recordOf(form, "evidence").uncategorized_text);
  }
  const [, id, action] = /^\/v1\/payment_intents\/(\w+)\/(confirm|capture|cancel)$/.exec(path) ?? [];
  if (id === undefined) throw unrecognised("POST", path);
  const intent = books.intent(id);
  if (action === "capture") return books.capture(intent, form);
  if (action === "cancel") return books.cancel(intent, form);
  books.confirm(intent, form);
  return intent;
}

export function read(books: Books, path: string, query: string): string {
  const form = decodeForm(query.slice(1));
  if (path === "/v1/payment_intents") return listed(path, [...books.intents.values()].reverse(), form);
  if (path === "/v1/payment_intents/search") {
    return listed(path, searched(books, textOf(form, "query")), form, "search_result");
  }
  if (path === "/v1/refunds") {
    const intent = textOf(form, "payment_intent");
    const all = [...books.refunds.all.values()].reverse();
    return listed(
      path,
      all.filter((each) => intent === undefined || each.payment_intent === intent),
      form,
    );
  }
  if (path === "/v1/disputes") {
    const [intent, charge] = [textOf(form, "payment_intent"), textOf(form, "charge")];
    const all = [...books.disputes.all.values()].reverse();
    return listed(
      path,
      all.filter(
        (each) =>
          (intent === undefined || each.payment_intent === intent) &&
          (charge === undefined || each.charge === charge),
      ),
      form,
    );
  }
  const [, kind, id] = /^\/v1\/(payment_intents|refunds|charges|disputes)\/(\w+)$/.exec(path) ?? [];
  if (id === undefined) throw unrecognised("GET", path);
  if (kind === "payment_intents") return JSON.stringify(expanded(books, books.intent(id), form));
  const kept = { refunds: books.refunds.all, charges: books.charges, disputes: books.disputes.all };
  const found = kept[kind as keyof typeof kept].get(id);
  if (found === undefined) throw noSuch(kind?.slice(0, -1) ?? "", id, "id");
  return JSON.stringify(found);
}

/** With its charge in it when `expand[]=latest_charge` asks for that. */
function expanded(books: Books, intent: Intent, form: Form): unknown {
  const wanted = Object.values(recordOf(form, "expand")).includes("latest_charge");
  const charge = books.charges.get(intent.latest_charge ?? "");
  return wanted && charge !== undefined ? { ...intent, latest_charge: charge } : intent;
}

/** Of Stripe's search language only `metadata['orderId']:'…'`. */
function searched(books: Books, query: string | undefined): readonly Intent[] {
  const orderId = /^metadata\[["']orderId["']\]:["']([^"']+)["']$/.exec(query ?? "")?.[1];
  if (orderId === undefined) throw invalid("Only metadata['orderId']:'…' can be searched for", "query");
  return books.ofOrder(orderId);
}

interface Listed {
  readonly id: string;
  readonly created: number;
}

/** Those whose time is within `created[gte]` and `created[lt]`. */
function createdWithin(all: readonly Listed[], form: Form): readonly Listed[] {
  const { gte, lt } = recordOf(form, "created");
  const from = gte === undefined ? Number.NEGATIVE_INFINITY : Number(gte);
  const to = lt === undefined ? Number.POSITIVE_INFINITY : Number(lt);
  return all.filter(({ created }) => created >= from && created < to);
}

function listed(
  url: string,
  all: readonly Listed[],
  form: Form,
  object: "list" | "search_result" = "list",
): string {
  const limit = Math.min(Math.max(Number(textOf(form, "limit") ?? 10) || 10, 1), 100);
  const after = textOf(form, "starting_after");
  const found = createdWithin(all, form);
  const start = after === undefined ? 0 : found.findIndex(({ id }) => id === after) + 1;
  const data = found.slice(start, start + limit);
  return JSON.stringify({ object, url, has_more: start + limit < found.length, data });
}

export const refusalAnswer = ({ status, body }: StripeRefusal): Answer => ({
  status,
  body: JSON.stringify({ error: body }),
});

export const unrecognised = (method: string, path: string): StripeRefusal =>
  new StripeRefusal(404, {
    type: "invalid_request_error",
    message: `Unrecognized request URL (${method}: ${path}).`,
  });
