import { ValidationError } from "elysia";
import { type Problem, ProblemError, problems } from "../problem.ts";

/** The problem that answers whatever Elysia or a handler threw. What is not expected is a 500 without a word of it. */
export function problemOf(code: unknown, error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof ValidationError) return validationProblem(error);
  if (code === "PARSE") {
    const { cause } = error as Error;
    return cause instanceof ProblemError ? cause.problem : problems.malformed("The body cannot be read");
  }
  if (code === "NOT_FOUND") return problems.notFound("No such path");
  return isDatabaseAway(error) ? problems.unavailable("The database") : problems.internal();
}

/** An answer that breaks its schema quotes the whole answer, which may hold anything: only what is wrong is logged. */
export function withoutBody(error: unknown): unknown {
  if (!(error instanceof ValidationError)) return error;
  const mistakes = error.all.map((each) =>
    "path" in each ? `${each.path} ${each.message}` : "a place unknown",
  );
  return new Error(`The answer breaks its schema at ${mistakes.join("; ")}`);
}

/**
 * What `postgres` says when there is no server, or it is just starting, stopping, full or read-only (SQLSTATE classes 08,
 * 53, 57P; 25006).
 */
function isDatabaseAway(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^(CONNECT|CONNECTION_|ECONN|08|53|57P|25006)/.test(code);
}

function validationProblem(error: ValidationError): Problem {
  // An answer that breaks its own schema is our bug, not the client's.
  if (error.type === "response") return problems.internal();
  const seen = new Map<string, string>();
  for (const each of error.all) {
    if (!("path" in each) || typeof each.path !== "string" || seen.has(each.path)) continue;
    seen.set(each.path, inWords(each));
  }
  return problems.validation([...seen].map(([pointer, detail]) => ({ pointer, detail })));
}

/** A pattern says nothing to a person: what the schema says of itself does. */
function inWords({
  message,
  schema,
}: {
  message?: string;
  schema?: { pattern?: unknown; description?: unknown };
}): string {
  const told = schema?.description;
  if (typeof told === "string")
    return `${message?.startsWith("Expected string to match") ? "Expected" : message}: ${told}`;
  if (schema?.pattern !== undefined && message?.includes("to match")) return "Has a form that is not taken";
  return message ?? "Is not valid";
}
