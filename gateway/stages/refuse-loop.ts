import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";

/**
 * A request that has been through this gateway comes round for ever, twice as often with each try again: an upstream's
 * address leads back here. Who it came by stands in `Via` (RFC 9110 §7.6.3); hardly any request has one.
 */
export function refuseLoop({ fields }: Pick<Exchange, "fields">, pseudonym: string): Problem | undefined {
  const via = fields.get("via");
  return via !== null && names(via, pseudonym) ? edgeProblems.loopDetected() : undefined;
}

function names(via: string, pseudonym: string): boolean {
  return withoutComments(via)
    .split(",")
    .some(
      (each) =>
        each
          .trim()
          .split(/[ \t]+/)[1]
          ?.toLowerCase() === pseudonym.toLowerCase(),
    );
}

/** Comments may stand in one another and hold commas (RFC 9110 §5.6.5). One that does not end is none. */
function withoutComments(via: string): string {
  if (!via.includes("(")) return via;
  let depth = 0;
  let text = "";
  for (let at = 0; at < via.length; at++) {
    const sign = via[at] as string;
    if (depth > 0 && sign === "\\") at++;
    else if (sign === "(") depth++;
    else if (depth > 0) depth -= sign === ")" ? 1 : 0;
    else text += sign;
  }
  return depth === 0 ? text : via;
}
