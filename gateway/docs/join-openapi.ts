import { STATUS_CODES } from "node:http";
import type { Route } from "../routes.ts";
import { detailsOperation } from "./details-operation.ts";
import { securityOf, securitySchemes } from "./security-schemes.ts";

type Json = Record<string, unknown>;

export interface JoinedDocument extends Json {
  readonly openapi: string;
  readonly paths: Record<string, Json>;
  /** Services that gave no document, so that their calls are listed without a description. */
  readonly "x-unavailable": readonly string[];
}

const problemSchema = {
  type: "object",
  description: "RFC 9457. `code` is stable; branch on it.",
  required: ["type", "title", "status", "instance", "code"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    instance: { type: "string" },
    code: { type: "string" },
    traceId: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        properties: { pointer: { type: "string" }, detail: { type: "string" } },
      },
    },
  },
};

/**
 * One OpenAPI document out of those of the services: exactly the calls of the route table, each as the service that
 * answers it describes it. What a service serves beyond the table stays inside.
 * @param documents by upstream; undefined for a service that is away
 */
export function joinOpenApi(
  routes: readonly Route[],
  documents: ReadonlyMap<string, unknown>,
): JoinedDocument {
  const paths: Record<string, Json> = {};
  const schemas: Json = { Problem: problemSchema };
  const indexed = new Map<string, ReadonlyMap<string, Json>>();
  for (const [upstream, document] of documents) {
    const named = nameSchemas(upstream, document);
    indexed.set(upstream, indexOperations(named));
    Object.assign(schemas, member(member(named, "components"), "schemas"));
  }
  for (const { route, method } of calls(routes)) {
    const described =
      route.target.kind === "upstream"
        ? indexed.get(route.target.upstream.name)?.get(`${method} ${shape(route.template)}`)
        : detailsOperation;
    paths[route.template] ??= {};
    Object.assign(paths[route.template] ?? {}, { [method]: complete(route, described, routes) });
  }
  const away = [...documents].filter(([, document]) => !isJson(document)).map(([upstream]) => upstream);
  return {
    openapi: "3.0.3",
    info: { title: "EcoTrack", version: "1.0.0", description: describe(away) },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas,
      securitySchemes: securitySchemes(routes),
    },
    "x-unavailable": away,
  };
}

function describe(away: readonly string[]): string {
  const text =
    "A shop that tells the truth about the footprint of what it sells. Money is in minor units, carbon in kg CO2e as a decimal string. Every refusal is a problem document.";
  return away.length === 0
    ? text
    : `${text}\n\nPartial: ${away.join(", ")} cannot be asked at the moment, so calls of it stand here without a description.`;
}

function* calls(routes: readonly Route[]): Generator<{ route: Route; method: string }> {
  for (const route of routes) {
    if (route.target.kind === "answer" && route.target.answer !== "order-details") continue;
    for (const method of route.methods) yield { route, method: method.toLowerCase() };
  }
}

/** The operation with what the edge adds to it: who may call, its parameters, how it refuses. */
function complete(route: Route, described: Json | undefined, routes: readonly Route[]): Json {
  const group = route.target.kind === "upstream" ? route.target.upstream.name : "order";
  const own = described ?? { summary: "No description at the moment", responses: {} };
  const given = Array.isArray(own.parameters) ? own.parameters : [];
  const missing = route.parameters
    .filter((name) => !given.some((each) => isJson(each) && each.in === "path" && each.name === name))
    .map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  // A service may call the parameter otherwise; the table's name is the one in the path.
  const kept = given.filter(
    (each) => !isJson(each) || each.in !== "path" || route.parameters.includes(String(each.name)),
  );
  const parameters = [...missing.map((each, at) => ({ ...each, ...pathParameter(given, at) })), ...kept];
  return {
    tags: [group],
    ...own,
    ...forWhom(route.auth, own),
    ...(isJson(own.requestBody) && { requestBody: jsonOnly(own.requestBody) }),
    ...(parameters.length > 0 && { parameters }),
    responses: {
      ...named(member(own, "responses")),
      default: {
        description: "Refused",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
    ...securityOf(route, routes),
    ...(!route.auth.anonymous && { "x-role": roleOf(route.auth) }),
  };
}

/** OpenAPI requires a description of every answer; one that has none is called as HTTP calls it. */
const named = (responses: Json): Json =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      isJson(response)
        ? { ...jsonOnly(response), description: response.description || (STATUS_CODES[status] ?? "Answer") }
        : response,
    ]),
  );

/** Elysia lists every type it could parse or send; the services take and give JSON only. */
function jsonOnly(message: Json): Json {
  const json = member(message, "content")["application/json"];
  return json === undefined ? message : { ...message, content: { "application/json": json } };
}

const roleOf = ({ roles }: Route["auth"]): string => (roles.length === 0 ? "user" : roles.join(" or "));

/** Whoever reads the documentation of a call has to see that it is not for everyone. */
function forWhom(auth: Route["auth"], { description }: Json): Json {
  if (!auth.roles.includes("admin")) return {};
  return { description: ["For admins.", description].filter(Boolean).join(" ") };
}

function pathParameter(given: readonly unknown[], at: number): Json {
  const found = given.filter((each) => isJson(each) && each.in === "path")[at];
  return isJson(found) && isJson(found.schema) ? { schema: found.schema } : {};
}

/** By `get /api/orders/{}`: services and table need not agree on the names of parameters. */
function indexOperations(document: Json): ReadonlyMap<string, Json> {
  const operations = new Map<string, Json>();
  for (const [path, item] of Object.entries(member(document, "paths"))) {
    if (!isJson(item)) continue;
    for (const [method, operation] of Object.entries(item)) {
      if (isJson(operation)) operations.set(`${method} ${shape(path)}`, operation);
    }
  }
  return operations;
}

const shape = (path: string): string => path.replaceAll(/\{\w+\}/g, "{}").replace(/(.)\/$/, "$1");

/** Two services may both have a schema `Item`; here they are `order.Item` and `product.Item`. */
function nameSchemas(upstream: string, document: unknown): Json {
  if (!isJson(document)) return {};
  const schemas = Object.entries(member(member(document, "components"), "schemas"));
  const renamed = {
    paths: document.paths ?? {},
    components: {
      schemas: Object.fromEntries(schemas.map(([name, schema]) => [`${upstream}.${name}`, schema])),
    },
  };
  const prefix = '"$ref":"#/components/schemas/';
  const read: unknown = JSON.parse(JSON.stringify(renamed).replaceAll(prefix, `${prefix}${upstream}.`));
  return isJson(read) ? read : {};
}

const member = (of: Json, name: string): Json => {
  const value = of[name];
  return isJson(value) ? value : {};
};

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
