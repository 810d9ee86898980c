import { readFileSync } from "node:fs";
import type { MessageFilter, MessageLog } from "./message-log.ts";

const page = (file: string) => readFileSync(new URL(`./page/${file}`, import.meta.url), "utf8");
const files = new Map([
  ["/", { type: "text/html; charset=utf-8", body: page("mailbox.html") }],
  ["/mailbox.css", { type: "text/css; charset=utf-8", body: page("mailbox.css") }],
  ["/mailbox.js", { type: "text/javascript; charset=utf-8", body: page("mailbox.js") }],
]);

const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'";
// A mail is a stranger's HTML: it runs nothing, loads nothing and has an origin of its own.
const mailPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox";
const common = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** At most four notices of change a second, and one every 15 s so that nobody takes the stream for dead. */
const noticeMs = 250;
const keepAliveMs = 15_000;

/**
 * The page and the API of the mailbox.
 * `GET /api/messages?to=&subject=&key=&limit=` · `GET /api/messages/{id}` · `DELETE /api/messages` · `GET /api/stats`
 */
export function mailboxHandler(log: MessageLog): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api/messages" && request.method === "DELETE") {
      log.clear();
      return new Response(null, { status: 204 });
    }
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Only GET and DELETE here");
    const file = files.get(pathname);
    if (file) {
      const headers = { ...common, "content-type": file.type, "content-security-policy": pagePolicy };
      return new Response(file.body, { headers });
    }
    if (pathname === "/api/messages") {
      const filter = readFilter(searchParams);
      return json(searchParams.has("brief") ? await log.summaries(filter) : await log.find(filter));
    }
    if (pathname === "/api/stats") return json(log.stats);
    if (pathname === "/api/changes") return changes(log, request.signal);
    if (pathname === "/health/live" || pathname === "/health/ready") return json({ status: "ok" });
    return oneMessage(log, pathname);
  };
}

async function oneMessage(log: MessageLog, pathname: string): Promise<Response> {
  const [, id, part] = /^\/api\/messages\/(\d+)(?:\/(html|raw))?$/.exec(pathname) ?? [];
  const message = id === undefined ? undefined : await log.get(id);
  if (id === undefined || !message) return refuse(404, "There is nothing here");
  if (part === "raw") {
    const headers = { ...common, "content-type": "text/plain; charset=utf-8" };
    return new Response(log.raw(id)?.toString("utf8") ?? "", { headers });
  }
  if (part === "html") {
    const headers = {
      ...common,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": mailPolicy,
    };
    return new Response(`<base target="_blank">${message.html}`, { headers });
  }
  return json(message);
}

function readFilter(query: URLSearchParams): MessageFilter {
  const limit = Number(query.get("limit"));
  return {
    to: query.get("to") ?? undefined,
    subject: query.get("subject") ?? undefined,
    key: query.get("key") ?? undefined,
    limit: Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1000) : undefined,
  };
}

/** Server-sent events (HTML Living Standard §9.2): one whenever the list has changed. */
function changes(log: MessageLog, signal: AbortSignal): Response {
  let stop = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder();
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      let due: ReturnType<typeof setTimeout> | undefined;
      const notice = () => {
        due = undefined;
        send(`data: ${JSON.stringify(log.stats)}\n\n`);
      };
      const unwatch = log.watch(() => {
        due ??= setTimeout(notice, noticeMs);
      });
      const keepAlive = setInterval(() => send(": still here\n\n"), keepAliveMs);
      stop = () => {
        unwatch();
        clearTimeout(due);
        clearInterval(keepAlive);
      };
      signal.addEventListener("abort", () => stop());
      notice();
    },
    cancel: () => stop(),
  });
  return new Response(body, { headers: { ...common, "content-type": "text/event-stream" } });
}

const json = (value: unknown) => Response.json(value, { headers: common });

const refuse = (status: number, title: string) =>
  Response.json(
    { type: "about:blank", title, status },
    { status, headers: { "content-type": "application/problem+json" } },
  );
