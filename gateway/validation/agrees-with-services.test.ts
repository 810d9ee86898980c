import { beforeAll, describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import fc from "fast-check";
import { containsCardNumber } from "#mesh/card-number";
import { createServiceApp } from "#mesh/http/service-app";
import { createTestIdentity } from "#mesh/identity/test-identity";
import type { Problem } from "#mesh/problem";
import { Uuid } from "#mesh/uuid-schema";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import type { Route } from "../routes.ts";
import { createValidateRequest } from "../stages/validate-request.ts";
import { testExchange } from "../testing/test-exchange.ts";
import { ServiceDocument } from "./service-document.ts";

const strict = { additionalProperties: false };
const line = Type.String({ minLength: 1, maxLength: 8, pattern: "^[^\\x00-\\x1f]*[^\\s\\x00-\\x1f]$" });
const part = Type.Object({ material: Type.String({ pattern: "^[a-z]+$" }), kg: Type.Number() }, strict);
/** Every kind of rule that the services' own schemas have. */
const Body = Type.Object(
  {
    id: Uuid,
    name: line,
    note: Type.Optional(Type.String({ maxLength: 3 })),
    count: Type.Integer({ minimum: 1, maximum: 1000 }),
    kind: Type.Unsafe<string>(Type.String({ enum: ["card", "paypal"], pattern: "^(card|paypal)$" })),
    stock: Type.Optional(
      Type.Union([
        Type.Object({ onHand: Type.Integer({ minimum: 0 }) }, strict),
        Type.Object({ delivered: Type.Integer({ minimum: 1 }) }, strict),
      ]),
    ),
    parts: Type.Array(part, { minItems: 1, maxItems: 3 }),
    tags: Type.Optional(Type.Array(line, { uniqueItems: true, maxItems: 4 })),
    currency: Type.Optional(Type.Literal("EUR")),
    free: Type.Optional(Type.Union([Type.Null(), Type.Boolean()])),
  },
  strict,
);
const Patch = Type.Partial(Body, { minProperties: 1, ...strict });
const Nothing = Type.Optional(Type.Union([Type.Null(), Type.Object({}, strict)]));
const Query = Type.Object(
  { limit: Type.Optional(Type.String({ pattern: "^([1-9]\\d?|100)$" })), sort: Type.Optional(line) },
  { additionalProperties: true },
);

const id = "0190a5b0-7e1a-7000-8000-000000000000";
const good = { id, name: "Mug", count: 1, kind: "card", parts: [{ material: "clay", kg: 0.5 }] };
let service: (request: Request) => Response | Promise<Response>;
let validate: ReturnType<typeof createValidateRequest>;

beforeAll(async () => {
  const log = createLog({ service: "test", level: "fatal" });
  const { identity } = await createTestIdentity("order-service");
  const metrics = createMetrics("test");
  const app = createServiceApp({ name: "order-service", identity, log, metrics })
    .post("/things", () => "taken", { anyone: true, body: Body })
    .patch("/things/:id", () => "taken", { anyone: true, params: Type.Object({ id: Uuid }), body: Patch })
    .post("/things/:id/undo", () => "taken", { anyone: true, body: Nothing })
    .get("/things", () => "taken", { anyone: true, query: Query });
  service = (request) => app.fetch(request);
  const text = await (await service(new Request("http://x/openapi.json"))).text();
  const document = new ServiceDocument(text, "", log);
  validate = createValidateRequest({
    documents: { checkOf: (route, _upstream, method) => document.checkOf(route, method), doubt: () => {} },
    metrics,
  });
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Uint8Array;
  readonly type?: string;
}

const route = (template: string): Route =>
  ({ template, validate: true, target: { kind: "upstream", upstream: { name: "x", url: "x" } } }) as Route;
const routes = [route("/things"), route("/things/{thing}"), route("/things/{thing}/undo")];

/** Both answers to the same request: status, code, and where the mistakes are. */
async function both({ method = "POST", path = "/things", body, type = "application/json" }: Sent) {
  const answer = await service(
    new Request(`http://x${path}`, {
      method,
      headers: { "content-type": type },
      ...(body !== undefined && { body: typeof body === "string" ? body : Buffer.from(body) }),
    }),
  );
  const theirs = answer.status < 400 ? ("taken" as const) : told((await answer.json()) as Problem);
  const [bare = "", query] = path.split("?");
  const exchange = testExchange({ method, target: path, headers: { "content-type": type } });
  exchange.query = query === undefined ? "" : `?${query}`;
  const segments = bare.split("/").slice(2);
  exchange.values.push(...segments.slice(0, 1));
  if (body !== undefined) exchange.request.body = Buffer.from(body);
  const problem = validate(exchange, routes[segments.length] as Route);
  return { ours: problem ? told(problem) : ("taken" as const), theirs };
}

const told = ({ status, code, errors }: Problem) => ({
  status,
  code,
  at: errors?.map(({ pointer }) => pointer).sort(),
});

const placed = (answer: "taken" | ReturnType<typeof told>): Partial<ReturnType<typeof told>> =>
  answer === "taken" ? { code: "taken" } : answer;

async function expectAgreement(sent: Sent): Promise<unknown> {
  const { ours, theirs } = await both(sent);
  expect({ sent, answer: ours }).toEqual({ sent, answer: theirs });
  return ours;
}

describe("the gateway refuses what the service refuses, at the same places, and nothing else", () => {
  const changed = (change: object) => JSON.stringify({ ...good, ...change });
  const bodies: [name: string, body: string | Uint8Array][] = [
    ["a good one", JSON.stringify(good)],
    [
      "everything",
      changed({ note: "abc", stock: { onHand: 0 }, tags: ["a", "b"], currency: "EUR", free: null }),
    ],
    ["no JSON", "{"],
    ["nothing", ""],
    ["null", "null"],
    ["a text", '"x"'],
    ["a list", "[]"],
    ["an empty object", "{}"],
    ["deep nesting", "[".repeat(40) + "]".repeat(40)],
    ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
    ["a byte order mark", `\ufeff${JSON.stringify(good)}`],
    ["U+0000", changed({ name: "a\0" })],
    ["half of a surrogate pair", JSON.stringify(good).replace("Mug", "\\ud800")],
    ["characters of two units", changed({ name: "🙂🙂🙂🙂", note: "🙂" })],
    ["too many units", changed({ name: "🙂🙂🙂🙂🙂", note: "🙂🙂" })],
    ["an unknown field", changed({ isAdmin: true })],
    ["an unknown field with a slash", changed({ "a/b~c": true })],
    ["__proto__", `{"__proto__":{"isAdmin":true},${JSON.stringify(good).slice(1)}`],
    ["constructor", changed({ constructor: 1 })],
    ["a name twice", `{"count":1000,${JSON.stringify(good).slice(1)}`],
    ["a name twice, once in escapes", `{"c\\u006funt":1,${JSON.stringify(good).slice(1)}`],
    ["a name twice further down", JSON.stringify(good).replace('"kg":', '"kg":1,"kg":')],
    ["a key twice", `{"count":0,${JSON.stringify(good).slice(1)}`],
    ["a key twice, the other way round", `${JSON.stringify(good).slice(0, -1)},"count":0}`],
    ["a missing field", JSON.stringify({ ...good, count: undefined })],
    ["a fraction", changed({ count: 1.5 })],
    ["a whole number with a point", JSON.stringify(good).replace('"count":1', '"count":1.0')],
    ["a number as text", changed({ count: "1" })],
    ["too large a number", changed({ count: 1001 })],
    ["an endless number", JSON.stringify(good).replace('"count":1', '"count":1e999')],
    ["an upper case id", changed({ id: id.toUpperCase() })],
    ["no id", changed({ id: "x" })],
    ["an id in braces", changed({ id: `{${id}}` })],
    ["another kind", changed({ kind: "cash" })],
    ["no branch", changed({ stock: { onHand: 1, delivered: 1 } })],
    ["a good branch", changed({ stock: { delivered: 1 } })],
    ["no parts", changed({ parts: [] })],
    ["four parts", changed({ parts: Array.from({ length: 4 }, () => good.parts[0]) })],
    [
      "two bad parts",
      changed({
        parts: [
          { material: "1", kg: 1 },
          { kg: "1", x: 1 },
        ],
      }),
    ],
    ["a tag twice", changed({ tags: ["a", "a"] })],
    ["another currency", changed({ currency: "USD" })],
    ["a line end", changed({ name: "a\nb" })],
    ["a trailing blank", changed({ name: "a " })],
  ];
  for (const [name, body] of bodies) test(name, () => expectAgreement({ body }));

  test.each([
    ["another type", { body: JSON.stringify(good), type: "text/plain" }],
    ["a form", { body: "a=1", type: "application/x-www-form-urlencoded" }],
    ["a charset", { body: JSON.stringify(good), type: "application/json; charset=utf-8" }],
    ["another charset", { body: JSON.stringify(good), type: "application/json; charset=utf-16" }],
    ["JSON of a kind", { body: JSON.stringify(good), type: "application/merge-patch+json" }],
    ["an empty patch", { method: "PATCH", path: `/things/${id}`, body: "{}" }],
    ["a patch", { method: "PATCH", path: `/things/${id}`, body: '{"count":3}' }],
    ["a patch of nothing that is", { method: "PATCH", path: "/things/none", body: '{"count":3}' }],
    ["a patch with an escape", { method: "PATCH", path: `/things/${id}%20`, body: '{"count":3}' }],
    ["no body where none is needed", { path: `/things/${id}/undo` }],
    ["an empty body where none is needed", { path: `/things/${id}/undo`, body: "{}" }],
    ["a body where none is taken", { path: `/things/${id}/undo`, body: '{"a":1}' }],
    ["a query", { method: "GET", path: "/things?limit=5&sort=a+b&other=1" }],
    ["a bad limit", { method: "GET", path: "/things?limit=0" }],
    ["no limit", { method: "GET", path: "/things?limit" }],
    ["a limit twice", { method: "GET", path: "/things?limit=5&limit=6" }],
    ["another one twice", { method: "GET", path: "/things?a=5&a=6" }],
    ["a bad and a good one", { method: "GET", path: "/things?limit=1000&sort=%20" }],
  ] as [string, Sent][])("%s", (_name, sent) => expectAgreement(sent));

  test("whatever comes", async () => {
    const value = fc.oneof(
      fc.constantFrom(1, 0, -1, 1.5, 1000, "a", "", "abcdefghi", id, "card", null, true, [], {}),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const change = fc.dictionary(
      fc.constantFrom(...Object.keys(Body.properties), "other", "__proto__"),
      value,
    );
    await fc.assert(
      fc.asyncProperty(change, fc.boolean(), async (changes, complete) => {
        fc.pre(!containsCardNumber(changes));
        const body = JSON.stringify(complete ? { ...good, ...changes } : changes);
        const { ours, theirs } = await both({ body });
        // A list of which entries are wrong is not looked at for repeats any more.
        const [{ at: ourPlaces = [], ...verdict }, { at = [], ...wanted }] = [placed(ours), placed(theirs)];
        expect({ body, verdict, more: ourPlaces.filter((place) => !at.includes(place)) }).toEqual({
          body,
          verdict: wanted,
          more: [],
        });
      }),
      { numRuns: 500 },
    );
  });
});

test("a name that may be a card number is left to the service, which has a word of its own for it", async () => {
  const { ours, theirs } = await both({ body: JSON.stringify({ ...good, "4242 4242 4242 4242": 1 }) });
  expect({ ours, theirs }).toMatchObject({ ours: "taken", theirs: { status: 422 } });
});

test("a large body full of mistakes gets one told, and costs little", async () => {
  const parts = Array.from({ length: 20_000 }, () => ({}));
  const { ours } = await both({ body: JSON.stringify({ ...good, parts, tags: parts }) });
  expect((ours as { at: string[] }).at).toHaveLength(1);
});
