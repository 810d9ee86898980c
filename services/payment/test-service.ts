import { createTestIdentity, type TestIdentity } from "#mesh/identity/test-identity";
import { listen } from "#mesh/listen";
import { type TestDatabase, testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createPaymentApp } from "./app.ts";
import { openKeyring } from "./keyring.ts";
import type { CaptureMode } from "./payment-gateway.ts";
import { createSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import { signatureHeader } from "./sandbox/webhook-sender.ts";

const secretKey = "sk_test_sandbox";
const webhookSecret = "whsec_sandbox";
const paypal = { clientId: "client", clientSecret: "secret", webhookId: "WEBHOOK1" };
export const testKeys = `k1:${Buffer.alloc(32, 1).toString("base64")}`;
const migrations = new URL("./migrations/", import.meta.url);

export type TestService = Awaited<ReturnType<typeof startTestService>>;

/** An answer; `body` is read as a payment, a refund or a problem, whichever the test expects. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
  readonly body: {
    readonly id: string;
    readonly status: string | number;
    readonly code: string;
    readonly detail: string;
    readonly declineCode: string;
    readonly refunded: { readonly amount: number };
    readonly amount: { readonly amount: number };
    readonly nextAction: { readonly type: string; readonly url: string; readonly expiresAt: string };
    readonly data: readonly { readonly id: string }[];
    readonly errors: readonly { readonly pointer: string }[];
  };
}

/**
 * payment-service on a database of its own, with a sandbox that listens and sends it webhooks when `webhooks` is set.
 * `network` may come between the service and the provider: what it returns is answered instead.
 */
export async function startTestService({
  webhooks = false,
  capture = "automatic",
  keys = testKeys,
  providerTimeoutMs = 400,
}: {
  webhooks?: boolean;
  capture?: CaptureMode;
  keys?: string;
  providerTimeoutMs?: number;
} = {}) {
  const database: TestDatabase = await testDatabase(migrations);
  const lines: string[] = [];
  const log = createLog({
    service: "payment-service",
    level: "trace",
    destination: { write: (line) => lines.push(line) },
  });
  const clock = { offsetMs: 0 };
  const network: { before?: (request: Request, go: () => Promise<Response>) => Promise<Response> } = {};
  const holder: { app?: { fetch(request: Request): Response | Promise<Response> } } = {};
  const front = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => holder.app?.fetch(request) ?? new Response(null, { status: 503 }),
  });
  const sandbox: Sandbox = createSandbox({
    secretKey,
    webhookSecret,
    webhookUrl: webhooks ? `http://127.0.0.1:${front.port}/webhooks/stripe` : undefined,
    paypal: {
      ...paypal,
      webhookUrl: webhooks ? `http://127.0.0.1:${front.port}/webhooks/paypal` : undefined,
    },
    webhookAfterMs: 0,
    webhookBackoffMs: 20,
    hangMs: 2_000,
    refundsFailAfterMs: 50,
  });
  const provider = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => network.before?.(request, () => sandbox.fetch(request)) ?? sandbox.fetch(request),
  });
  const people: TestIdentity = await createTestIdentity("payment-service");
  const make = () =>
    createPaymentApp({
      config: {
        stripeSecretKey: secretKey,
        stripeWebhookSecret: webhookSecret,
        stripeApiUrl: `http://127.0.0.1:${provider.port}`,
        keyring: openKeyring(keys),
        capture,
        returnUrl: "https://shop.test/orders",
        actionMinutes: 15,
        refundAgainMinutes: 15,
        reconcileMinutes: 60,
        reconcileHours: 48,
        paypalClientId: paypal.clientId,
        paypalClientSecret: paypal.clientSecret,
        paypalWebhookId: paypal.webhookId,
        paypalApiUrl: `http://127.0.0.1:${provider.port}`,
      },
      sql: database.sql,
      transaction: database.transaction,
      autocommit: database.autocommit,
      identity: people.identity,
      log,
      metrics: createMetrics("payment-service"),
      now: () => new Date(Date.now() + clock.offsetMs),
      newId: uuidV7,
      providerTimeoutMs,
    });
  const { app, deps } = make();
  // A second process on the same database, for what two of them may do at once.
  const twin = make();
  holder.app = app;

  async function send(request: Request, to = app): Promise<Reply> {
    const response = await to.fetch(request);
    const text = await response.text();
    const body = JSON.parse(text) as Reply["body"];
    return { status: response.status, headers: response.headers, text, body };
  }

  async function call(method: string, path: string, token: string, body?: unknown, headers = {}, to = app) {
    return await send(
      new Request(`http://payment${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
      to,
    );
  }

  const order = await people.serviceToken("order-service");
  const userId = uuidV7();
  const adminToken = await people.userToken({ userId: uuidV7(), roles: ["admin"] });
  const userToken = await people.userToken({ userId });
  const charge = (orderId: string, token = "pm_card_visa", amount = 1999, to = app) =>
    call("PUT", `/internal/payments/${orderId}`, order, chargeBody(token, amount), {}, to);
  const chargeBody = (token: string, amount: number) => ({
    userId,
    amount: { amount, currency: "EUR" },
    paymentMethod: { type: token.startsWith("SANDBOX_") ? "paypal" : "card", token },
  });

  return {
    sql: database.sql,
    deps,
    twin: twin.app,
    sandbox,
    clock,
    network,
    lines,
    people,
    userId,
    tokens: { order, admin: adminToken, user: userToken },
    send,
    call,
    charge,
    chargeBody,
    capture: (orderId: string, to = app) =>
      call("POST", `/internal/payments/${orderId}/capture`, order, undefined, {}, to),
    cancel: (orderId: string, to = app) =>
      call("POST", `/internal/payments/${orderId}/cancel`, order, { reason: "order-cancelled" }, {}, to),
    refund: (paymentId: string, amount: number, key = uuidV7(), to = app) =>
      call(
        "POST",
        `/api/payments/${paymentId}/refunds`,
        adminToken,
        { amount: { amount, currency: "EUR" }, reason: "damaged" },
        { "idempotency-key": key },
        to,
      ),
    /** Delivers an event as the provider would. */
    webhook: (event: unknown, { secret = webhookSecret, atMs = Date.now() } = {}) => {
      const body = typeof event === "string" ? event : JSON.stringify(event);
      return send(
        new Request("http://payment/webhooks/stripe", {
          method: "POST",
          headers: {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": signatureHeader(body, secret, atMs),
          },
          body,
        }),
      );
    },
    /** What a merchant does in Stripe's dashboard. */
    async stripePost(path: string, body: Record<string, string>): Promise<void> {
      const authorization = `Bearer ${secretKey}`;
      const init = { method: "POST", headers: { authorization }, body: new URLSearchParams(body).toString() };
      await sandbox.fetch(new Request(`http://127.0.0.1:${provider.port}${path}`, init));
    },
    /** What a merchant does in PayPal's own pages, and what its sandbox decides. */
    async paypalPost(path: string, body: unknown): Promise<void> {
      const at = `http://127.0.0.1:${provider.port}`;
      const authorization = `Basic ${btoa(`${paypal.clientId}:${paypal.clientSecret}`)}`;
      const login = await fetch(`${at}/v1/oauth2/token`, { method: "POST", headers: { authorization } });
      const { access_token } = (await login.json()) as { access_token: string };
      await fetch(`${at}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${access_token}` },
        body: JSON.stringify(body),
      });
    },
    /** Lets PostgreSQL refuse every write from now on, or take them again. */
    async readOnly(on: boolean): Promise<void> {
      const own = await database.sql.reserve();
      const name = new URL(database.url).pathname.slice(1);
      await own.unsafe("set session characteristics as transaction read write");
      await own.unsafe(`alter database ${name} set default_transaction_read_only = ${on}`);
      // It counts for new connections only.
      await own`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = ${name} and pid <> pg_backend_pid()`;
      await own.unsafe(`set session characteristics as transaction read ${on ? "only" : "write"}`);
      own.release();
    },
    /** Ends every hold and wait, as if the time for it had passed. */
    async passTime(): Promise<void> {
      await database.sql`update payments set claimed_until = null, next_attempt_at = now() - interval '1 second'
        where next_attempt_at is not null`;
      await database.sql`update refunds set claimed_until = null, next_attempt_at = now() - interval '1 second'
        where next_attempt_at is not null`;
    },
    /** What the provider took for an order and still has; `charges` above one would be a double charge. */
    atProvider: (orderId: string) =>
      sandbox.state().orders.find((each) => each.orderId === orderId) ?? { charges: 0, net: 0 },
    async events(orderId: string): Promise<string[]> {
      const rows = await database.sql<{ payload: string }[]>`select payload from outbox order by id`;
      return rows
        .map(({ payload }) => JSON.parse(payload) as { type: string; data: { orderId: string } })
        .filter(({ data }) => data.orderId === orderId)
        .map(({ type }) => type.replace("ecotrack.payment.", "").replace(".v1", ""));
    },
    async ledger(orderId: string): Promise<{ kind: string; amount: number }[]> {
      return await database.sql<{ kind: string; amount: number }[]>`
        select kind, ledger.amount from ledger join payments on payments.id = payment_id
        where order_id = ${orderId} order by ledger.id`;
    },
    async stop(): Promise<void> {
      sandbox.close();
      await front.stop(0);
      await provider.stop(0);
      await database.close();
    },
  };
}
