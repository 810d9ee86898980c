import { joinVerifiers } from "#mesh/identity/join-verifiers";
import { createJwks } from "#mesh/identity/jwks";
import { createTokenVerifier, type TokenVerifier, type VerifierOptions } from "#mesh/identity/verify-token";
import type { GatewayFile } from "./gateway-file.ts";
import { KeptResources, type Prepared } from "./snapshot-resources.ts";

/**
 * What believes the issuers of a file. One that did not change keeps the tokens it has verified. Keys are kept by their
 * address, so that other rules for an issuer that is away just then do not leave it without its last good keys.
 * @throws Error that says what is wrong with an issuer
 */
export function keepVerifiers({
  isRevoked,
  log,
}: Required<Pick<VerifierOptions, "isRevoked" | "log">>): (
  issuers: GatewayFile["issuers"],
) => Prepared<TokenVerifier> {
  const keptKeys = new KeptResources((_url: string, url: string) => createJwks({ url, log }));
  let keys = keptKeys.prepare({});
  const kept = new KeptResources((name: string, issuer: GatewayFile["issuers"][string]) => {
    const { jwks: url, ...rules } = issuer;
    const keySource = keys.value.get(url);
    return createTokenVerifier({
      name,
      keys: { url },
      ...rules,
      isRevoked,
      log,
      ...(keySource && { keySource }),
    });
  });
  return (issuers) => {
    keys = keptKeys.prepare(Object.fromEntries(Object.values(issuers).map(({ jwks }) => [jwks, jwks])));
    const ofKeys = keys;
    const verifiers = kept.prepare(issuers);
    return {
      value: joinVerifiers([...verifiers.value.values()]),
      commit() {
        verifiers.commit();
        ofKeys.commit();
      },
      abandon() {
        verifiers.abandon();
        ofKeys.abandon();
      },
    };
  };
}
