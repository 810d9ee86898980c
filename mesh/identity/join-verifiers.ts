import { readToken } from "./read-token.ts";
import { refusals, TokenRefused } from "./token-refused.ts";
import type { CheckedToken, IssuerVerifier, TokenVerifier } from "./verify-token.ts";

/**
 * One verifier for several issuers. The issuer is chosen by what the token says of itself: from there on only its own
 * algorithms, keys and rules count, and a token of nobody known costs no signature check.
 * @throws Error when two of them are for the same issuer
 */
export function joinVerifiers(verifiers: readonly IssuerVerifier[]): TokenVerifier {
  const [only] = verifiers;
  if (only && verifiers.length === 1) return only;
  const byIssuer = new Map(verifiers.map((each) => [each.issuer, each]));
  if (byIssuer.size < verifiers.length) throw new Error("Two issuers have the same claim iss");
  const anyIssuer = byIssuer.get(undefined);

  function recall(token: string) {
    for (const each of verifiers) {
      const known = each.recall(token);
      if (known) return known;
    }
    return undefined;
  }

  function check(token: string): CheckedToken | Promise<CheckedToken> {
    const known = recall(token);
    if (known) return known;
    const read = readToken(token);
    if (read instanceof TokenRefused) return read;
    const chosen = byIssuer.get(read.claims.iss ?? "") ?? anyIssuer;
    return chosen ? chosen.checkRead(token, read) : refusals.issuer;
  }

  return {
    check,
    recall,
    async verify(token) {
      const outcome = await check(token);
      if (outcome instanceof TokenRefused) throw outcome;
      return outcome;
    },
    remembered: () => verifiers.reduce((sum, each) => sum + each.remembered(), 0),
    rememberedBytes: () => verifiers.reduce((sum, each) => sum + each.rememberedBytes(), 0),
    keyStates: () => verifiers.flatMap((each) => each.keyStates()),
    async warm() {
      await Promise.all(verifiers.map((each) => each.warm()));
    },
    close() {
      for (const each of verifiers) each.close();
    },
  };
}
