import type { ErrorObject } from "ajv";
import type { Problem } from "#mesh/problem";

type Mistakes = NonNullable<Problem["errors"]>;

const mostMistakes = 20;

/** What ajv found, as the services say it: once for each place, and of a choice only that none fits. */
export function mistakesOf(errors: readonly ErrorObject[]): Mistakes {
  const choices = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
  const isBranch = ({ schemaPath }: ErrorObject) =>
    choices.some((choice) => schemaPath.startsWith(`${choice.schemaPath}/`));
  const seen = new Map<string, string>();
  for (const error of errors) {
    if (seen.size === mostMistakes) break;
    const pointer = pointerOf(error);
    if (!isBranch(error) && !seen.has(pointer)) seen.set(pointer, inWords(error));
  }
  return [...seen].map(([pointer, detail]) => ({ pointer, detail }));
}

function pointerOf({ instancePath, params }: ErrorObject): string {
  const { missingProperty, additionalProperty } = params as Record<string, unknown>;
  const name = missingProperty ?? additionalProperty;
  if (typeof name !== "string") return instancePath;
  return `${instancePath}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** A pattern says nothing to a person: what the schema says of itself does. No value is ever quoted. */
function inWords({ keyword, message = "is not valid", params, parentSchema }: ErrorObject): string {
  if (keyword === "required") return "is missing";
  if (keyword === "additionalProperties") return "is not known here";
  const { description } = (parentSchema ?? {}) as { description?: unknown };
  if (typeof description === "string") return `Expected: ${description}`;
  if (keyword === "pattern") return "Has a form that is not taken";
  if (keyword === "enum") {
    return `Expected one of ${(params as { allowedValues: unknown[] }).allowedValues.join(", ")}`;
  }
  if (keyword === "anyOf" || keyword === "oneOf") return "Is none of what is taken";
  return message;
}
