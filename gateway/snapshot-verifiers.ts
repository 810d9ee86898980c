import { createTokenVerifier, type TokenVerifier } from "#mesh/identity/verify-token";
import type { GatewayFile } from "./gateway-file.ts";
import { KeptResources, type Prepared } from "./snapshot-resources.ts";

type IssuerSettings = GatewayFile["issuers"][string];

/** What believes the issuers of a file. One that did not change keeps its keys, and the tokens it has verified. */
export function keepVerifiers(
  isRevoked: (sessionId: string) => boolean,
): (issuers: GatewayFile["issuers"]) => Prepared<TokenVerifier> {
  const kept = new KeptResources((_name: string, { jwks, issuer, audience, type }: IssuerSettings) => ({
    verifier: createTokenVerifier({
      keys: { url: jwks },
      issuer,
      audience,
      ...(type !== undefined && { type }),
      isRevoked,
    }),
    close: () => {},
  }));
  return (issuers) => {
    const { value, commit, abandon } = kept.prepare(issuers);
    const [first] = value.values();
    return { value: first?.verifier ?? nobody, commit, abandon };
  };
}

/** Without an issuer every route is open, and no token is any good. */
const nobody = createTokenVerifier({ keys: { keys: [] }, audience: "" });
