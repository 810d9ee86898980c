import { listen } from "#mesh/listen";
import { integer, optional, readSettings, secret, text, url } from "#mesh/settings";
import { page } from "./page.ts";
import { createSandbox } from "./sandbox.ts";
import { type Journal, openJournal, readSavedBooks } from "./saved-books.ts";

const config = readSettings("stripe-sandbox", process.env, {
  port: integer("PORT", { min: 0, max: 65_535, default: 8090 }),
  host: text("HOST", { default: "127.0.0.1" }),
  webhookUrl: url("WEBHOOK_URL", {
    protocols: ["http", "https"],
    default: "http://127.0.0.1:8080/webhooks/stripe",
  }),
  webhookSecret: secret("WEBHOOK_SECRET"),
  secretKey: secret("SECRET_KEY"),
  paypalClientId: optional(text("PAYPAL_CLIENT_ID")),
  paypalClientSecret: optional(secret("PAYPAL_CLIENT_SECRET")),
  paypalWebhookId: text("PAYPAL_WEBHOOK_ID", { default: "SANDBOXWEBHOOK" }),
  paypalWebhookUrl: url("PAYPAL_WEBHOOK_URL", {
    protocols: ["http", "https"],
    default: "http://127.0.0.1:8080/webhooks/paypal",
  }),
  /** Where a buyer's browser reaches this sandbox, when that is not where payment-service does. */
  publicUrl: optional(url("PUBLIC_URL", { protocols: ["http", "https"] })),
  /** Where the books are kept; without it they are gone with the process. */
  stateFile: optional(text("STATE_FILE")),
});
const { stateFile, paypalClientId: clientId, paypalClientSecret: clientSecret } = config;
const paypal =
  clientId === undefined || clientSecret === undefined
    ? undefined
    : { clientId, clientSecret, webhookId: config.paypalWebhookId, webhookUrl: config.paypalWebhookUrl };
const options = { ...config, paypal };

let journal: Journal | undefined;
const sandbox = orExit(() => {
  const made = createSandbox(
    stateFile === undefined
      ? options
      : { ...options, saved: readSavedBooks(stateFile), changed: (change) => journal?.append(change) },
  );
  if (stateFile !== undefined) journal = openJournal(stateFile, made.saved());
  return made;
});
const listener = listen({
  port: config.port,
  hostname: config.host,
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return page(sandbox.state());
    if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
    if (pathname === "/sandbox/state") return Response.json(sandbox.state());
    if (pathname.startsWith("/health/")) return Response.json({ status: "ok" });
    return await sandbox.fetch(request);
  },
});
process.stdout.write(`Payment sandbox listens on http://${config.host}:${listener.port}\n`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    sandbox.close();
    void listener.stop(1_000).then(() => {
      journal?.close();
      process.exit(0);
    });
  });
}

/** A file that cannot be used is the user's to decide on: its one line, and no trace of this program's inside. */
function orExit<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
