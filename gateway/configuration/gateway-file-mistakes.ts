import type { ErrorObject } from "ajv/dist/2020.js";
import type { At, Place } from "./gateway-file-places.ts";

/** What is wrong with one key of the file; `message` goes on where the key's name ends. */
export interface Mistake {
  readonly at: At;
  readonly message: string;
}

/** `gateway.yaml:8:52: routes.0.upstream names the upstream "ordr", which is not defined`. */
export function describeMistake(name: string, { at, message }: Mistake, place: Place | undefined): string {
  const where = place ? `:${place.line}:${place.column}` : "";
  return `${name}${where}: ${at.length === 0 ? "the file" : at.join(".")} ${message}`;
}

/** Whether what is found is so far from what was wanted that nothing can be said about its meaning. */
export function isMisshapen({ keyword }: ErrorObject): boolean {
  return ["type", "required", "oneOf", "anyOf", "minItems", "propertyNames"].includes(keyword);
}

/** Says in words what the schema found, once each: the branches of a choice only repeat what the choice says. */
export function readSchemaErrors(errors: readonly ErrorObject[]): Mistake[] {
  const silent = new Set<ErrorObject>();
  const mistakes: Mistake[] = [];
  for (const error of errors.filter(({ keyword }) => keyword === "anyOf")) {
    const branches = branchesOf(error, errors);
    const meant = branches.filter((branch) => !branch.some((each) => isOtherKind(each, error)));
    for (const branch of branches) {
      if (meant.length !== 1 || branch !== meant[0]) for (const each of branch) silent.add(each);
    }
    silent.add(error);
    if (meant.length !== 1) mistakes.push({ at: pathOf(error), message: choice(branches.flat()) });
  }
  for (const error of errors) {
    if (!silent.has(error)) mistakes.push(...readSchemaError(error));
  }
  return mistakes;
}

function branchesOf({ schemaPath }: ErrorObject, errors: readonly ErrorObject[]): readonly ErrorObject[][] {
  const branches = new Map<string, ErrorObject[]>();
  for (const error of errors) {
    if (!error.schemaPath.startsWith(`${schemaPath}/`)) continue;
    const branch = error.schemaPath.slice(schemaPath.length + 1).split("/")[0] ?? "";
    branches.set(branch, [...(branches.get(branch) ?? []), error]);
  }
  return [...branches.values()];
}

/** The branch wants something else altogether, such as text where an object stands. */
const isOtherKind = ({ keyword, instancePath }: ErrorObject, choice: ErrorObject): boolean =>
  instancePath === choice.instancePath && (keyword === "type" || keyword === "enum");

function choice(errors: readonly ErrorObject[]): string {
  const values = errors.flatMap(({ params }) => (params.allowedValues as string[] | undefined) ?? []);
  if (values.length > 0) return `must be one of ${[...new Set(values)].join(", ")}, or in detail`;
  const kinds = errors.flatMap(({ params }) => (params.type as string | undefined) ?? []);
  return `must be ${[...new Set(kinds)].join(" or ")}`;
}

function readSchemaError(error: ErrorObject): Mistake[] {
  if (error.schemaPath.includes("/oneOf/") || error.propertyName !== undefined) return [];
  const at = pathOf(error);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "additionalProperties":
      return [{ at: [...at, String(params.additionalProperty)], message: "is not a known key" }];
    case "required":
      return [{ at: [...at, String(params.missingProperty)], message: "is missing" }];
    case "oneOf":
      return [{ at, message: `needs either ${alternatives(error).join(" or ")}` }];
    case "enum":
      return [{ at, message: `must be one of ${(params.allowedValues as unknown[]).join(", ")}` }];
    case "propertyNames":
      return [{ at: [...at, String(params.propertyName)], message: `is no name: ${namePattern(error)}` }];
    default:
      return [{ at, message: error.message ?? "is not valid" }];
  }
}

const alternatives = ({ schema }: ErrorObject): string[] =>
  (schema as { required: string[] }[]).map(({ required }) => required.join(" and "));

const namePattern = ({ schema }: ErrorObject): string =>
  `expected to match ${(schema as { pattern?: string }).pattern ?? "another form"}`;

function pathOf({ instancePath }: ErrorObject): At {
  return instancePath
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}
