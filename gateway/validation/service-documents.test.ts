import { afterEach, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createLog } from "#observability/log";
import type { Route, RouteTable, Upstream } from "../routes.ts";
import { fetchDocument } from "./fetch-document.ts";
import { ServiceDocuments } from "./service-documents.ts";

const log = createLog({ service: "test", level: "fatal" });
const upstream = { name: "order", url: "http://order.test" } as Upstream;
const route = { template: "/a/{id}", validate: true, target: { kind: "upstream", upstream } } as Route;
const text = (limit: number, path = "/a/{key}") =>
  JSON.stringify({
    openapi: "3.0.3",
    paths: {
      [path]: {
        post: {
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Count" } } },
          },
        },
      },
    },
    components: { schemas: { Count: { type: "integer", maximum: limit } } },
  });

/** Documents of a service whose answers, and whose clock, the test sets. */
function documents() {
  const state = { now: 0, answer: text(5) as string | Error, asked: [] as string[], routes: [route] };
  const kept = new ServiceDocuments({
    table: () => ({ routes: state.routes }) as unknown as RouteTable,
    log,
    now: () => state.now,
    fetch: (url, etag) => {
      state.asked.push(`${url} ${etag ?? ""}`);
      if (state.answer instanceof Error) return Promise.reject(state.answer);
      return Promise.resolve({ text: state.answer, etag: "v1" });
    },
  });
  const takes = (value: number): boolean | string => {
    const check = kept.checkOf(route, upstream, "POST");
    return typeof check === "string" ? check : check.body?.(value, true) === undefined;
  };
  return { state, kept, takes };
}

test("a document is asked for again every minute, and what was compiled of it is exchanged", async () => {
  const { state, kept, takes } = documents();
  expect(takes(5)).toBe("no-document");
  await kept.look();
  expect([takes(5), takes(6)]).toEqual([true, false]);
  state.answer = text(9);
  state.now = 59_000;
  await kept.look();
  expect(takes(6)).toBe(false);
  state.now = 60_000;
  await kept.look();
  expect([takes(6), takes(10)]).toEqual([true, false]);
  expect(state.asked).toEqual([`${upstream.url} `, `${upstream.url} v1`]);
});

test("a refusal makes it be asked for sooner, and not at once each time", async () => {
  const { state, kept, takes } = documents();
  await kept.look();
  state.answer = text(9);
  kept.doubt(upstream);
  state.now = 9_000;
  await kept.look();
  expect(takes(6)).toBe(false);
  state.now = 10_000;
  await kept.look();
  expect(takes(6)).toBe(true);
});

test("a service that is away, or says nonsense, keeps the document that it had, and is asked again soon", async () => {
  const { state, kept, takes } = documents();
  await kept.look();
  for (const bad of [new Error("away"), "no JSON", "[]"]) {
    state.answer = bad;
    state.now += 60_000;
    await kept.look();
    expect([takes(5), takes(6)]).toEqual([true, false]);
  }
  state.answer = text(9);
  state.now += 5_000;
  await kept.look();
  expect(takes(6)).toBe(true);
});

test("what is not described, or cannot be compiled, is let through by name", async () => {
  const { state, kept, takes } = documents();
  state.answer = text(5, "/b/{id}");
  await kept.look();
  expect(takes(6)).toBe("no-operation");
  for (const broken of [
    text(5).replace("schemas/Count", "schemas/Missing"),
    text(5).replace('"integer"', '"string","pattern":"("'),
    text(5).replace('"schema":{', `"schema":{"description":"${"x".repeat(300_000)}",`),
  ]) {
    state.answer = broken;
    state.now += 60_000;
    await kept.look();
    expect(takes(6)).toBe("not-compiled");
  }
});

test("what no route wants any more is not asked for", async () => {
  const { state, kept, takes } = documents();
  await kept.look();
  state.routes = [];
  state.now = 60_000;
  await kept.look();
  expect(takes(5)).toBe("no-document");
  expect(state.asked).toHaveLength(1);
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(status: number, body: string, headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((request, response) => {
    const same = headers.etag !== undefined && request.headers["if-none-match"] === headers.etag;
    response.writeHead(same ? 304 : status, headers).end(same ? "" : body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a document is fetched once for each of its versions", async () => {
  const url = await serve(200, "{}", { etag: '"1"' });
  expect(await fetchDocument(url)).toEqual({ text: "{}", etag: '"1"' });
  expect(await fetchDocument(url, '"1"')).toBe("unchanged");
});

test("one that is too large, elsewhere, or an error is none", async () => {
  expect(fetchDocument(await serve(200, "x".repeat(5 * 1024 * 1024)))).rejects.toThrow("bytes");
  expect(fetchDocument(await serve(503, ""))).rejects.toThrow("answered 503");
  expect(fetchDocument(await serve(302, "", { location: "http://other.test/" }))).rejects.toThrow();
});
