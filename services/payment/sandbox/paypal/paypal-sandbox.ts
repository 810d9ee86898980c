import { randomBytes, sign } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Answer, IdempotencyKeys, type SavedKeys } from "../idempotency.ts";
import { StripeRefusal } from "../stripe-error.ts";
import { wait } from "../wait.ts";
import { type WebhookChange, WebhookSender } from "../webhook-sender.ts";
import { approvalPage } from "./approval-page.ts";
import { createCertificate, type SigningCertificate } from "./certificate.ts";
import {
  PaypalBooks,
  type PaypalHappening,
  type PaypalRecord,
  type PaypalRefundRecord,
} from "./paypal-books.ts";
import { PaypalRefusal } from "./paypal-error.ts";
import { eventResource } from "./paypal-objects.ts";
import { readPaypal, writePaypal } from "./paypal-routes.ts";

export interface PaypalSandboxOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly webhookId: string;
  readonly webhookUrl: string | undefined;
  readonly publicUrl: () => string;
  readonly now: () => number;
  readonly webhookAfterMs: number;
  readonly webhookBackoffMs: number;
  readonly hangMs: number;
  /** How long after it a refund of `SANDBOX_refundfail_…` comes back, and a capture of `SANDBOX_reversed_…` is taken back. */
  readonly refundsFailAfterMs: number;
  readonly saved: PaypalSaved | undefined;
  readonly changed: (change: PaypalSaved) => void;
  readonly webhooksChanged: (change: WebhookChange) => void;
}

/** What must outlive a restart. */
export interface PaypalSaved {
  readonly orders: readonly PaypalRecord[];
  readonly keys: SavedKeys;
}

export type PaypalSandbox = ReturnType<typeof createPaypalSandbox>;

const ownPath = /^\/(?:v1\/(?:oauth2|notifications|reporting|customer)|v2|checkoutnow)(?:\/|$)/;
const lateMs = 10_000;

/** The PayPal side of the sandbox: Orders v2, captures, refunds, transaction search and webhooks signed as PayPal does. */
export function createPaypalSandbox(options: PaypalSandboxOptions) {
  const { now, publicUrl, hangMs, changed, webhookUrl, webhookAfterMs, webhookBackoffMs } = options;
  const books = new PaypalBooks(randomBytes(5).toString("hex"), now, announce);
  for (const order of options.saved?.orders ?? []) books.orders.set(order.id, order);
  const keys = new IdempotencyKeys(now, options.saved?.keys);
  const accessToken = `A21${randomBytes(24).toString("base64url")}`;
  const webhooks = new WebhookSender("paypal", {
    url: webhookUrl,
    backoffMs: webhookBackoffMs,
    headers: signed,
    changed: options.webhooksChanged,
  });
  const certificateId = `CERT-${randomBytes(4).toString("hex")}`;
  let certificate: SigningCertificate | undefined;
  // Made when first needed: a key takes a moment, and most runs never see PayPal.
  const certified = () => (certificate ??= createCertificate("messageverificationcerts.sandbox.test", now()));

  function signed(payload: string): Record<string, string> {
    const id = randomBytes(16).toString("hex");
    const at = new Date(now()).toISOString();
    const message = `${id}|${at}|${options.webhookId}|${crc32(payload)}`;
    return {
      "paypal-transmission-id": id,
      "paypal-transmission-time": at,
      "paypal-transmission-sig": sign("RSA-SHA256", Buffer.from(message), certified().privateKey).toString(
        "base64",
      ),
      "paypal-auth-algo": "SHA256withRSA",
      "paypal-cert-url": `${publicUrl()}/v1/notifications/certs/${certificateId}`,
      "user-agent": "PayPal/AUHD-214.0 (sandbox)",
    };
  }

  function refundComesBack(order: PaypalRecord, refund: PaypalRefundRecord): void {
    const timer = setTimeout(() => {
      books.failRefund(order, refund);
      changed({ orders: [order], keys: [] });
    }, options.refundsFailAfterMs);
    timer.unref?.();
  }

  function bankTakesBack(order: PaypalRecord): void {
    const timer = setTimeout(() => {
      books.reverse(order);
      changed({ orders: [order], keys: [] });
    }, options.refundsFailAfterMs);
    timer.unref?.();
  }

  function announce(event: PaypalHappening): void {
    const { behaviour, refunds } = event.order;
    if (event.type === "PAYMENT.CAPTURE.REFUNDED") {
      const fails = behaviour === "refundfail" || (behaviour === "refundfailonce" && refunds.length === 1);
      if (fails) refundComesBack(event.order, event.refund);
    }
    const captured = event.type === "PAYMENT.CAPTURE.COMPLETED";
    if (captured && behaviour === "reversed") bankTakesBack(event.order);
    // All that is told of it is lost for good.
    if (behaviour === "untold" && !captured) return;
    const payload = JSON.stringify({
      id: `WH-${books.newId()}`,
      event_version: "1.0",
      create_time: new Date(now()).toISOString(),
      resource_type: "refund" in event ? "refund" : event.type.split(".")[1]?.toLowerCase(),
      event_type: event.type,
      resource: eventResource(event, publicUrl()),
    });
    const copies = captured && behaviour === "duplicate" ? 3 : 1;
    const late = captured && behaviour === "late" ? lateMs : 0;
    for (let i = 0; i < copies; i++) webhooks.send(payload, webhookAfterMs + late);
  }

  async function api(request: Request, url: URL): Promise<Answer> {
    if (request.headers.get("authorization") !== `Bearer ${accessToken}`) {
      throw new PaypalRefusal(401, "AUTHENTICATION_FAILURE", "INVALID_TOKEN", "The token is not valid.");
    }
    if (request.method === "GET") {
      return { status: 200, body: JSON.stringify(readPaypal(books, url, publicUrl())) };
    }
    const text = await request.text();
    const key = request.headers.get("paypal-request-id");
    const first = key === null ? undefined : begun(keys, key, `${url.pathname}?${text}`);
    if (first !== undefined) return first;
    try {
      const body: unknown = text === "" ? {} : JSON.parse(text);
      const { order, answer } = writePaypal(books, request.method, url.pathname, body, publicUrl());
      changed({ orders: [order], keys: key === null ? [] : keys.end(key, answer) });
      const isCapture = url.pathname.endsWith("/capture");
      if (isCapture && order.behaviour === "timeout") await wait(hangMs, request.signal);
      return answer;
    } catch (error) {
      if (key !== null) keys.release(key);
      throw error;
    }
  }

  function token(request: Request): Response {
    const expected = `Basic ${btoa(`${options.clientId}:${options.clientSecret}`)}`;
    if (request.headers.get("authorization") !== expected) {
      return Response.json({ error: "invalid_client" }, { status: 401 });
    }
    return Response.json({ access_token: accessToken, token_type: "Bearer", expires_in: 32_400 });
  }

  return {
    owns: (path: string) => ownPath.test(path),
    async fetch(request: Request): Promise<Response> {
      const url = new URL(request.url);
      if (url.pathname === "/v1/oauth2/token") return token(request);
      if (url.pathname === `/v1/notifications/certs/${certificateId}`) return new Response(certified().pem);
      try {
        if (url.pathname.startsWith("/checkoutnow")) {
          const { response, order } = approvalPage(books, request, url);
          if (order !== undefined) changed({ orders: [order], keys: [] });
          return response;
        }
        const { status, body } = await api(request, url);
        return new Response(status === 204 ? null : body, {
          status,
          headers: { "content-type": "application/json" },
        });
      } catch (error) {
        if (!(error instanceof PaypalRefusal)) throw error;
        return Response.json(error.body, { status: error.status });
      }
    },
    orders: () => [...books.orders.values()],
    saved: (): PaypalSaved => ({ orders: [...books.orders.values()], keys: keys.saved() }),
    webhooks,
  };
}

/** PayPal gives the first answer again too; what it says of misused keys differs from Stripe. */
function begun(keys: IdempotencyKeys, key: string, request: string): Answer | undefined {
  try {
    return keys.begin(key, request);
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    if (error.status === 409) {
      throw new PaypalRefusal(409, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS", "It is under way.");
    }
    throw new PaypalRefusal(
      422,
      "UNPROCESSABLE_ENTITY",
      "PAYPAL_REQUEST_ID_PREVIOUSLY_USED",
      "The id was used for another request.",
    );
  }
}
