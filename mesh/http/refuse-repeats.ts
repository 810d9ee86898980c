import { ProblemError, problems } from "../problem.ts";

/**
 * A parameter that stands in the query twice has two meanings, and Elysia would quietly take one of them.
 * @throws ProblemError 422
 */
export function refuseRepeats(request: Request): void {
  const start = request.url.indexOf("?");
  if (start < 0) return;
  const seen = new Set<string>();
  for (const name of new URLSearchParams(request.url.slice(start)).keys()) {
    if (seen.has(name))
      throw new ProblemError(
        problems.validation([{ pointer: `/${name}`, detail: "is given more than once" }]),
      );
    seen.add(name);
  }
}
