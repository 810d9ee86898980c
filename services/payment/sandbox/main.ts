import { listen } from "#mesh/listen";
import { integer, optional, readSettings, secret, text, url } from "#mesh/settings";
import { page } from "./page.ts";
import { createSandbox } from "./sandbox.ts";
import { readSavedBooks, writeSavedBooks } from "./saved-books.ts";

const config = readSettings("stripe-sandbox", process.env, {
  port: integer("PORT", { min: 0, max: 65_535, default: 8090 }),
  host: text("HOST", { default: "127.0.0.1" }),
  webhookUrl: url("WEBHOOK_URL", {
    protocols: ["http", "https"],
    default: "http://127.0.0.1:8080/webhooks/stripe",
  }),
  webhookSecret: secret("WEBHOOK_SECRET"),
  secretKey: secret("SECRET_KEY"),
  /** Where the books are kept between two runs; without it they are gone with the process. */
  stateFile: optional(text("STATE_FILE")),
});
const { stateFile } = config;

const html = { "content-type": "text/html; charset=utf-8" };
const sandbox = createSandbox({
  ...config,
  saved: stateFile === undefined ? undefined : readSavedBooks(stateFile),
});
const listener = listen({
  port: config.port,
  hostname: config.host,
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(page(sandbox.state()), { headers: html });
    if (pathname === "/sandbox/state") return Response.json(sandbox.state());
    if (pathname.startsWith("/health/")) return Response.json({ status: "ok" });
    return await sandbox.fetch(request);
  },
});
process.stdout.write(`Payment sandbox listens on http://${config.host}:${listener.port}\n`);

let seen = 0;
let written = 0;
function save(): void {
  if (stateFile === undefined || written === sandbox.version()) return;
  written = sandbox.version();
  writeSavedBooks(stateFile, sandbox.saved());
}
// Only once a second has passed without a change: writing all of it must not slow down what is measured.
const saving = setInterval(() => {
  if (seen === sandbox.version()) save();
  seen = sandbox.version();
}, 1_000);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    clearInterval(saving);
    sandbox.close();
    void listener.stop(1_000).then(() => {
      save();
      process.exit(0);
    });
  });
}
