import { Ajv2020 } from "ajv/dist/2020.js";
import { type Document, LineCounter, parseDocument, visit } from "yaml";
import { contradictions } from "./gateway-file-contradictions.ts";
import { describeMistake, isMisshapen, type Mistake, readSchemaErrors } from "./gateway-file-mistakes.ts";
import { danglingNames } from "./gateway-file-names.ts";
import { type Place, placesIn } from "./gateway-file-places.ts";
import {
  type CorsSpec,
  gatewayFileSchema,
  type IssuerSpec,
  type LimitSpec,
  type RouteSpec,
  type WrittenFile,
} from "./gateway-file-schema.ts";
import { fillIn } from "./gateway-file-variables.ts";
import { warningsOf } from "./gateway-file-warnings.ts";

/** What `gateway.yaml` says, checked, with its variables filled in and nothing left out. */
export interface GatewayFile {
  readonly upstreams: Readonly<Record<string, { readonly url: string }>>;
  readonly issuers: Readonly<Record<string, Required<Omit<IssuerSpec, "type">> & Pick<IssuerSpec, "type">>>;
  readonly tiers: readonly string[];
  readonly limits: Readonly<Record<string, LimitSpec>>;
  readonly addresses: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly connections: Required<NonNullable<WrittenFile["connections"]>>;
  /** Undefined: nothing is watched. */
  readonly threats: WrittenFile["threats"];
  readonly cors: Readonly<Record<string, CorsSpec>>;
  readonly defaults: WrittenFile["defaults"];
  readonly routes: readonly RouteSpec[];
}

export interface ReadFile {
  readonly file: GatewayFile;
  /** What is allowed and probably not meant; a line each, with its place. */
  readonly warnings: readonly string[];
  /** Where a key stands, such as `["routes", 3]`. */
  placeOf(at: readonly (string | number)[]): Place | undefined;
}

/** Thrown when a file cannot be used; one line per mistake, each with its place and key. */
export class GatewayFileError extends Error {
  override readonly name = "GatewayFileError";
}

const defaultConnections: GatewayFile["connections"] = {
  perAddress: 256,
  total: 20_000,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  proxyProtocol: false,
};
const defaultClockSkewSeconds = 5;

const validate = new Ajv2020({ allErrors: true, verbose: true }).compile<WrittenFile>(gatewayFileSchema);

/**
 * Reads the text of `gateway.yaml`, with what a person wants to know beside.
 * @param name what the file is called in mistakes
 * @param variables what `${NAME}` may stand for
 * @throws GatewayFileError with every mistake found: syntax, unknown keys, dangling names, contradictions
 */
export function parseGatewayFile(
  name: string,
  text: string,
  variables: Readonly<Record<string, string>>,
): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const described = document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return `${name}:${line}:${col}: ${message}`;
    });
    throw new GatewayFileError(described.join("\n"));
  }
  const placeOf = placesIn(document, lines);
  const describe = (mistake: Mistake) => describeMistake(name, mistake, placeOf(mistake.at));
  const { written, mistakes } = check(toPlain(name, document, lines), variables);
  if (mistakes.length > 0 || !written) {
    throw new GatewayFileError([...new Set(mistakes.map(describe))].join("\n"));
  }
  return { file: complete(written), warnings: warningsOf(written).map(describe), placeOf };
}

function toPlain(name: string, document: Document, lines: LineCounter): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that multiply: a few lines can stand for gigabytes. What stands for most comes last.
    let last = 0;
    visit(document, {
      Alias: (_key, { range }) => {
        last = range?.[0] ?? last;
      },
    });
    const { line, col } = lines.linePos(last);
    throw new GatewayFileError(`${name}:${line}:${col}: ${(cause as Error).message}`, { cause });
  }
}

function check(
  found: unknown,
  variables: Readonly<Record<string, string>>,
): { written?: WrittenFile; mistakes: readonly Mistake[] } {
  if (validate(found)) {
    const mistakes: Mistake[] = [];
    const written = fillIn(found, variables, mistakes);
    return { written, mistakes: [...mistakes, ...meaning(written, entriesOf(written))] };
  }
  const errors = validate.errors ?? [];
  const mistakes = readSchemaErrors(errors);
  // What has its shape is looked at all the same, so that one run tells as much as can be told.
  const misshapen = errors.filter(isMisshapen).map(({ instancePath }) => instancePath.split("/"));
  if (misshapen.some(([, top, at]) => top !== "routes" || at === undefined)) return { mistakes };
  const spoilt = new Set(misshapen.map(([, , at]) => Number(at)));
  const written = fillIn(found as WrittenFile, variables, mistakes);
  const sound = entriesOf(written).filter(([at]) => !spoilt.has(at));
  return { mistakes: [...mistakes, ...meaning(written, sound)] };
}

type Entries = readonly (readonly [number, RouteSpec])[];
const entriesOf = ({ routes }: WrittenFile): Entries => [...routes.entries()];

const meaning = (written: WrittenFile, routes: Entries): Mistake[] => [
  ...danglingNames(written, routes),
  ...contradictions(written, routes),
];

function complete(written: WrittenFile): GatewayFile {
  const issuers = Object.entries(written.issuers ?? {}).map(([name, issuer]) => [
    name,
    {
      clockSkewSeconds: defaultClockSkewSeconds,
      requiredClaims: [],
      withoutScope: "none",
      headers: {},
      ...issuer,
    },
  ]);
  return {
    upstreams: written.upstreams,
    issuers: Object.fromEntries(issuers) as GatewayFile["issuers"],
    tiers: written.tiers ?? [],
    limits: written.limits,
    addresses: { allow: written.addresses?.allow ?? [], deny: written.addresses?.deny ?? [] },
    connections: { ...defaultConnections, ...written.connections },
    threats: written.threats,
    cors: written.cors ?? {},
    defaults: written.defaults,
    routes: written.routes,
  };
}
