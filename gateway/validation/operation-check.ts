import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Problem } from "#mesh/problem";
import { mistakesOf } from "./mistakes-of.ts";

export type Mistakes = NonNullable<Problem["errors"]>;
type Json = Readonly<Record<string, unknown>>;

/** One call of a service, ready to be checked against what the service says of it. */
export interface OperationCheck {
  /** By name, as the service calls them, in the order of its path. */
  readonly pathNames: readonly string[];
  /** Query parameters that may be given more than once. */
  readonly repeated: ReadonlySet<string>;
  readonly path: Check | undefined;
  readonly query: Check | undefined;
  /** Undefined when it takes no JSON, or says nothing of it. */
  readonly body: Check | undefined;
  /** Whether to leave the body out is a mistake, or for the schema to say. */
  readonly bodyRequired: boolean;
}

/** @param small whether it is worth to look for every mistake and not only for the first one */
export type Check = (value: unknown, small: boolean) => Mistakes | undefined;

/** What a schema's text may have at most: compiling costs time for each character of it. */
const maxSchemaCharacters = 262_144;

/**
 * As TypeBox reads schemas, by which the services check: lengths in UTF-16 units, patterns without the flag `u`, formats
 * that are not known pass. Then nothing is refused here that a service takes.
 */
const options = {
  strict: false,
  validateSchema: false,
  unicodeRegExp: false,
  unicode: false,
  ownProperties: true,
  logger: false,
  addUsedSchema: false,
  verbose: true,
  formats: { uuid: /^(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i },
} as const;

/** @throws Error for a description that cannot be compiled, or only at a cost that nobody expects */
export function compileOperation(document: Json, path: string, operation: Json): OperationCheck {
  const parameters = (Array.isArray(operation.parameters) ? operation.parameters : []).filter(isJson);
  const body = jsonBody(operation);
  if (JSON.stringify([parameters, body]).length > maxSchemaCharacters)
    throw new Error(`${path} has more than ${maxSchemaCharacters} characters of schema`);
  const compile = compiler(document);
  const inQuery = parameters.filter((each) => each.in === "query");
  return {
    pathNames: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""),
    repeated: new Set(inQuery.filter(isArray).map(({ name }) => String(name))),
    path: compile(objectOf(parameters.filter((each) => each.in === "path")), true),
    query: compile(objectOf(inQuery), true),
    body: compile(body, false),
    bodyRequired: isJson(operation.requestBody) && operation.requestBody.required === true,
  };
}

/** @param coerce parameters are text; a schema may want a number all the same */
function compiler({ openapi, components }: Json) {
  const Version = String(openapi).startsWith("3.0") ? Ajv : Ajv2020;
  return (schema: Json | undefined, coerce: boolean): Check | undefined => {
    if (!schema) return undefined;
    // References in it are written as from the document's root.
    const rooted = { ...schema, ...(isJson(components) && { components }) };
    const coerceTypes = coerce ? "array" : false;
    const first = new Version({ ...options, coerceTypes }).compile(rooted);
    let every: ValidateFunction | undefined;
    return (value, small) => {
      if (first(value)) return undefined;
      if (!small) return mistakesOf(first.errors ?? []);
      every ??= new Version({ ...options, coerceTypes, allErrors: true }).compile(rooted);
      every(value);
      return mistakesOf(every.errors ?? []);
    };
  };
}

function objectOf(parameters: readonly Json[]): Json | undefined {
  const described = parameters.filter(({ schema }) => isJson(schema));
  if (described.length === 0) return undefined;
  return {
    type: "object",
    properties: Object.fromEntries(
      described.map(({ name, schema, description }) => [
        String(name),
        { ...(typeof description === "string" && { description }), ...(schema as Json) },
      ]),
    ),
    required: described.filter(({ required }) => required === true).map(({ name }) => String(name)),
  };
}

function jsonBody({ requestBody }: Json): Json | undefined {
  const content = isJson(requestBody) ? requestBody.content : undefined;
  const json = isJson(content) ? content["application/json"] : undefined;
  const schema = isJson(json) && isJson(json.schema) ? json.schema : undefined;
  // A body that a service wants as the text that came is described so; a signature covers it.
  return schema?.type === "string" ? undefined : schema;
}

const isArray = ({ schema }: Json): boolean => isJson(schema) && schema.type === "array";

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
