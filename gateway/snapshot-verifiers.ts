import { joinVerifiers } from "#mesh/identity/join-verifiers";
import { createTokenVerifier, type TokenVerifier, type VerifierOptions } from "#mesh/identity/verify-token";
import type { GatewayFile } from "./gateway-file.ts";
import { KeptResources, type Prepared } from "./snapshot-resources.ts";

/**
 * What believes the issuers of a file. One that did not change keeps its keys, and the tokens it has verified.
 * @throws Error that says what is wrong with an issuer
 */
export function keepVerifiers(
  settings: Pick<VerifierOptions, "isRevoked" | "log">,
): (issuers: GatewayFile["issuers"]) => Prepared<TokenVerifier> {
  const kept = new KeptResources((name: string, { jwks, ...issuer }: GatewayFile["issuers"][string]) =>
    createTokenVerifier({ name, keys: { url: jwks }, ...issuer, ...settings }),
  );
  return (issuers) => {
    const { value, commit, abandon } = kept.prepare(issuers);
    return { value: joinVerifiers([...value.values()]), commit, abandon };
  };
}
