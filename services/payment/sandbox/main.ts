import { listen } from "#mesh/listen";
import { integer, readSettings, secret, text, url } from "#mesh/settings";
import { page } from "./page.ts";
import { createSandbox } from "./sandbox.ts";

const config = readSettings("stripe-sandbox", process.env, {
  port: integer("PORT", { min: 0, max: 65_535, default: 8090 }),
  host: text("HOST", { default: "127.0.0.1" }),
  webhookUrl: url("WEBHOOK_URL", {
    protocols: ["http", "https"],
    default: "http://127.0.0.1:8080/webhooks/stripe",
  }),
  webhookSecret: secret("WEBHOOK_SECRET"),
  secretKey: secret("SECRET_KEY"),
});

const html = { "content-type": "text/html; charset=utf-8" };
const sandbox = createSandbox(config);
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

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    sandbox.close();
    void listener.stop(1_000).then(() => process.exit(0));
  });
}
