import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import schema from "./gateway.schema.json" with { type: "json" };

export type Auth = "anyone" | "user" | "admin";
export type AnswerName = "order-details" | "docs" | "openapi" | "asyncapi";
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface LimitSpec {
  readonly requests: number;
  readonly perSeconds: number;
  readonly burst: number;
  readonly by: "caller" | "address";
}

export interface RouteSpec {
  readonly path: string;
  readonly methods: readonly Method[];
  readonly upstream?: string;
  readonly answer?: AnswerName;
  readonly auth: Auth;
  readonly ignoreToken?: boolean;
  readonly limit?: string;
  readonly timeoutMs?: number;
  readonly bodyBytes?: number;
}

/** What `gateway.yaml` says, checked and with its variables filled in. `gateway.schema.json` describes each key. */
export interface GatewayFile {
  readonly upstreams: Readonly<Record<string, { readonly url: string }>>;
  readonly limits: Readonly<Record<string, LimitSpec>>;
  readonly cors: { readonly origins: readonly string[]; readonly maxAgeSeconds: number };
  readonly defaults: { readonly limit: string; readonly timeoutMs: number; readonly bodyBytes: number };
  readonly routes: readonly RouteSpec[];
}

/** Thrown by {@link readGatewayFile}; one line per mistake, each with its place and key. */
export class GatewayFileError extends Error {
  override readonly name = "GatewayFileError";
}

type Path = readonly (string | number)[];
type Mistake = { readonly at: Path; readonly message: string };

const validate = new Ajv2020({ allErrors: true }).compile<GatewayFile>(schema);

/**
 * Reads the text of `gateway.yaml`.
 * @param variables what `${NAME}` in an upstream's url may stand for
 * @throws GatewayFileError with every mistake found: syntax, unknown keys, dangling names, routes that stand twice
 */
export function readGatewayFile(
  name: string,
  text: string,
  variables: Readonly<Record<string, string>>,
): GatewayFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) throw new GatewayFileError(`${name}: ${syntax.message}`);
  const file: unknown = document.toJS();
  const mistakes: Mistake[] = [];
  if (validate(file)) {
    const filled = { ...file, upstreams: fillIn(file.upstreams, variables, mistakes) };
    mistakes.push(...danglingNames(filled), ...doubleRoutes(filled), ...pointlessTokens(filled));
    if (mistakes.length === 0) return filled;
  } else {
    for (const error of validate.errors ?? []) mistakes.push(...readSchemaError(error));
  }
  const described = mistakes.map(
    ({ at, message }) => `${name}${place(document, lines, at)}: ${keyOf(at)} ${message}`,
  );
  throw new GatewayFileError([...new Set(described)].join("\n"));
}

function readSchemaError(error: ErrorObject): Mistake[] {
  // The branches of a oneOf only repeat what the oneOf itself says.
  if (error.schemaPath.includes("/oneOf/")) return [];
  const at = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
  const { params } = error as { params: Record<string, unknown> };
  switch (error.keyword) {
    case "additionalProperties":
      return [{ at: [...at, String(params.additionalProperty)], message: "is not a known key" }];
    case "required":
      return [{ at: [...at, String(params.missingProperty)], message: "is missing" }];
    case "oneOf":
      return [{ at, message: "needs either upstream or answer" }];
    case "enum":
      return [{ at, message: `must be one of ${(params.allowedValues as unknown[]).join(", ")}` }];
    default:
      return [{ at, message: error.message ?? "is not valid" }];
  }
}

function fillIn(
  upstreams: GatewayFile["upstreams"],
  variables: Readonly<Record<string, string>>,
  mistakes: Mistake[],
): GatewayFile["upstreams"] {
  const filled: Record<string, { url: string }> = {};
  for (const [name, { url }] of Object.entries(upstreams)) {
    const at = ["upstreams", name, "url"];
    const known = url.replaceAll(/\$\{(\w+)\}/g, (whole, variable: string) => variables[variable] ?? whole);
    const unknown = /\$\{\w*\}/.exec(known);
    const parsed = URL.canParse(known) ? new URL(known) : undefined;
    if (unknown) mistakes.push({ at, message: `refers to ${unknown[0]}, which is not a known variable` });
    else if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash)
      mistakes.push({ at, message: `is ${JSON.stringify(known)}, expected an http or https URL` });
    filled[name] = { url: known.replace(/\/$/, "") };
  }
  return filled;
}

function danglingNames({ upstreams, limits, defaults, routes }: GatewayFile): Mistake[] {
  const mistakes: Mistake[] = [];
  const check = (at: Path, name: string | undefined, among: object, kind: string) => {
    if (name === undefined || Object.hasOwn(among, name)) return;
    mistakes.push({ at, message: `names the ${kind} ${JSON.stringify(name)}, which is not defined` });
  };
  check(["defaults", "limit"], defaults.limit, limits, "limit");
  for (const [index, route] of routes.entries()) {
    check(["routes", index, "upstream"], route.upstream, upstreams, "upstream");
    check(["routes", index, "limit"], route.limit, limits, "limit");
  }
  return mistakes;
}

function doubleRoutes({ routes }: GatewayFile): Mistake[] {
  const mistakes: Mistake[] = [];
  const seen = new Set<string>();
  for (const [index, { path, methods }] of routes.entries()) {
    for (const method of methods) {
      const call = `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`;
      if (seen.has(call))
        mistakes.push({ at: ["routes", index], message: `defines ${method} ${path} again` });
      seen.add(call);
    }
  }
  return mistakes;
}

function pointlessTokens({ routes }: GatewayFile): Mistake[] {
  return routes.flatMap(({ auth, ignoreToken }, index) =>
    ignoreToken && auth !== "anyone"
      ? [{ at: ["routes", index, "ignoreToken"], message: `contradicts auth: ${auth}` }]
      : [],
  );
}

const keyOf = (at: Path): string => (at.length === 0 ? "the file" : at.join("."));

/** `:line:column` of the key, or of what stands around it where the key itself is missing. */
function place(document: Document, lines: LineCounter, at: Path): string {
  for (let depth = at.length; depth >= 0; depth--) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(at.slice(0, depth), true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `:${line}:${col}`;
  }
  return "";
}
