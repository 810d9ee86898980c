import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { openTestPage, type TestPage } from "./open-test-page.ts";
import { recordedOrder } from "./recorded-order.ts";

let page: TestPage;
beforeAll(() => {
  page = openTestPage();
});
afterAll(() => page.stop());

const order = recordedOrder();
const json = { "content-type": "application/json" };
const post = (body: BodyInit, headers: Record<string, string> = json) =>
  fetch(`${page.url}/v1/traces`, { method: "POST", headers, body });

/** The first event of that name, from a stream of its own. */
async function firstEvent(query: string, name: string): Promise<string> {
  const leave = new AbortController();
  const response = await fetch(`${page.url}/api/live?${query}`, { signal: leave.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  try {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const [, data] = new RegExp(`event: ${name}\\ndata: (.*)\\n\\n`).exec(text) ?? [];
      if (data !== undefined) return data;
    }
  } finally {
    leave.abort();
  }
  throw new Error(`No event ${name}`);
}

test.each([
  "attacker.example",
  "attacker.example:8099",
  "127.0.0.1",
  "127.0.0.1.attacker.example",
  "localhost.attacker.example",
])("a foreign name that leads here gets nothing: %p", async (host) => {
  for (const path of ["/", "/api/live", `/api/traces/${order.traceId}`, "/v1/traces"]) {
    const answer = await page.ask(path, { host });
    expect(answer.status).toBe(421);
    expect(answer.body).not.toContain("<html");
  }
});

test("this machine's own names are taken", async () => {
  for (const name of ["127.0.0.1", "localhost", "LOCALHOST"]) {
    expect((await page.ask("/", { host: `${name}:${page.port}` })).status).toBe(200);
  }
});

test.each([
  { origin: "https://attacker.example" },
  { origin: "null" },
  { origin: "http://127.0.0.1:1" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
  { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
])("another page gets nothing: %p", async (headers) => {
  for (const [path, method] of [
    ["/api/facts", "GET"],
    ["/api/live", "GET"],
    ["/v1/traces", "POST"],
  ] as const)
    expect((await page.ask(path, headers, method)).status).toBe(403);
});

test("the page itself, and a link that somebody follows, is let in", async () => {
  const own = { origin: page.url, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };
  expect((await page.ask("/api/facts", own)).status).toBe(200);
  const followed = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  expect((await page.ask("/", followed)).status).toBe(200);
});

test.each([
  "/../main.ts",
  "/../../secrets.ts",
  "/..%2fmain.ts",
  "/%2e%2e/main.ts",
  "/page/../../config.ts",
  "//etc/passwd",
  "/dev-page.html",
  "/dev-page.js%00.ts",
  "/api/traces/../facts/x",
  "/api/traces/zz",
])("a path that leads elsewhere leads nowhere: %p", async (path) => {
  expect((await page.ask(path)).status).toBe(404);
});

test("nothing can be changed", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    expect((await page.ask("/api/facts", {}, method)).status).toBe(405);
  }
  expect((await page.ask("/v1/traces")).status).toBe(405);
});

test("the page runs no script but its own files, names no other host, and all of its files are served", async () => {
  for (const name of readdirSync(new URL("./page", import.meta.url))) {
    const path = name === "dev-page.html" ? "/" : `/${name}`;
    const { status, headers, body } = await page.ask(path);
    expect(status).toBe(200);
    expect(headers["content-security-policy"]).toStartWith(
      "default-src 'none'; script-src 'self'; style-src 'self';",
    );
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(body.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
    expect(body).not.toMatch(/innerHTML\s*=[^=]|\bon\w+="|style="|eval\(/);
  }
});

test("what the server is told in secret, it does not tell", async () => {
  const secretive = openTestPage({ databaseUrls: { order: "postgres://x:s3cret@127.0.0.1:1/x" } });
  try {
    for (const path of ["/", "/api/facts", "/dev-page.js"]) {
      expect((await secretive.ask(path)).body).not.toContain("s3cret");
    }
  } finally {
    await secretive.stop();
  }
});

test("spans come in as OTLP, also compressed; what is not is refused", async () => {
  const [first] = order.requests;
  expect((await page.sendSpans(first)).status).toBe(200);
  const zipped = new Uint8Array(gzipSync(JSON.stringify(first)));
  expect((await post(zipped, { ...json, "content-encoding": "gzip" })).status).toBe(200);
  expect((await post("x", { "content-type": "application/x-protobuf" })).status).toBe(415);
  expect((await post("{")).status).toBe(400);
  expect((await post('{"resourceSpans":5}')).status).toBe(400);
  expect((await post("x", { ...json, "content-encoding": "gzip" })).status).toBe(400);
  expect((await post(" ".repeat(17 * 1024 * 1024))).status).toBe(413);
  const bomb = new Uint8Array(gzipSync(`{}${" ".repeat(20 * 1024 * 1024)}`));
  expect((await post(bomb, { ...json, "content-encoding": "gzip" })).status).toBe(400);
});

test("a trace is handed out as a picture with its lines, and told of in the stream", async () => {
  for (const each of order.requests) await page.sendSpans(each);
  for (const [file, lines] of order.logs) page.write(file, ...lines);
  const lines = JSON.parse(await firstEvent("text=mail+sent", "lines")) as { lines: { message: string }[] };
  expect(lines.lines.map(({ message }) => message)).toEqual(["mail sent"]);
  const traces = JSON.parse(await firstEvent("", "traces")) as { traceId: string }[];
  expect(traces.map(({ traceId }) => traceId)).toContain(order.traceId);
  const { body } = await page.ask(`/api/traces/${order.traceId}`);
  const trace = JSON.parse(body) as { rows: { name: string }[]; lines: { message: string }[] };
  expect(trace.rows[0]?.name).toBe("POST /api/orders");
  expect(trace.lines.map(({ message }) => message)).toEqual(["POST /api/orders 201 in 854 ms", "mail sent"]);
  expect((await page.ask(`/api/traces/${"0".repeat(32)}`)).status).toBe(404);
});

test("the recorded order holds nothing of a person", () => {
  const text = readFileSync(new URL("./recorded-order.jsonl", import.meta.url), "utf8");
  for (const personal of ["demo@", "Lindenstr", "Demo Customer", "eyJ", "pm_card"])
    expect(text).not.toContain(personal);
});
