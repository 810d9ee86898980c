import { type Problem, ProblemError, problems } from "#mesh/problem";
import type { ChangeRefusal } from "./change-product.ts";
import type { DeleteRefusal } from "./delete-product.ts";

type Refusal = ChangeRefusal | DeleteRefusal;
type ProblemOf = { [R in Refusal as R["refused"]]: (refusal: R) => Problem };

/** Every refusal of a client and the problem that answers it; orders get theirs as outcomes, one beside the other. */
const table: ProblemOf = {
  "product-not-found": () => ({
    status: 404,
    code: "product-not-found",
    title: "There is no such product",
  }),
  "version-mismatch": () => ({
    status: 412,
    code: "version-mismatch",
    title: "Somebody has changed the product since",
    detail: "Read it again and send its version in If-Match",
  }),
  "unknown-category": ({ category }) =>
    problems.validation([{ pointer: "/category", detail: `There is no category "${category}"` }]),
  "unknown-material": ({ material }) =>
    problems.validation([
      { pointer: "/billOfMaterials", detail: `There is no emission factor for the material "${material}"` },
    ]),
  "unknown-grid": ({ country }) =>
    problems.validation([
      {
        pointer: "/billOfMaterials/manufacturing/country",
        detail: `There is no grid intensity for "${country}"`,
      },
    ]),
};

/** The problem that answers a refusal of any use case. */
export function refusalProblem<R extends Refusal>(refusal: R): Problem {
  // Each entry takes the refusal it is named for, which the compiler cannot follow through the lookup.
  return (table[refusal.refused] as (refusal: R) => Problem)(refusal);
}

/** What a use case gave, unless it refused. @throws ProblemError for a refusal */
export function accepted<T>(outcome: T): Exclude<T, Refusal> {
  if (isRefusal(outcome)) throw new ProblemError(refusalProblem(outcome));
  return outcome as Exclude<T, Refusal>;
}

const isRefusal = (outcome: unknown): outcome is Refusal =>
  typeof outcome === "object" && outcome !== null && "refused" in outcome;
