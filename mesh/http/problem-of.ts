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

/** What `postgres` says when there is no server, or it is just starting, stopping or full (SQLSTATE classes 08, 53, 57P). */
function isDatabaseAway(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^(CONNECT|CONNECTION_|ECONN|08|53|57P)/.test(code);
}

function validationProblem(error: ValidationError): Problem {
  // An answer that breaks its own schema is our bug, not the client's.
  if (error.type === "response") return problems.internal();
  const seen = new Map<string, string>();
  for (const each of error.all) {
    if (!("path" in each) || typeof each.path !== "string" || seen.has(each.path)) continue;
    seen.set(each.path, each.message ?? "is not valid");
  }
  return problems.validation([...seen].map(([pointer, detail]) => ({ pointer, detail })));
}
