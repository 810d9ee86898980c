import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";

/** What the browser keeps, sealed, between going to the provider and coming back. */
export interface ProviderSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What the provider vouches for. */
export interface ProviderAccount {
  readonly issuer: string;
  /** Never changes and is never given to anybody else, unlike an address (OpenID Connect Core §5.7). */
  readonly subject: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly firstName: string | undefined;
  readonly lastName: string | undefined;
}

export interface GoogleProvider {
  /**
   * Where to send the browser.
   * @param asking the person is asked for an account, also where the provider knows one already
   * @throws when the provider cannot be reached
   */
  begin(asking?: boolean): Promise<{ url: string; secrets: ProviderSecrets }>;
  /** @param search the query with which the browser came back. @throws when it is not in order */
  finish(search: string, secrets: ProviderSecrets): Promise<ProviderAccount>;
}

/** Its document of endpoints and keys is read again after this time. */
const rediscoverAfterMs = 24 * 3600_000;

/** @param redirectUri as it is registered at the provider */
export function createGoogleProvider({
  issuer,
  clientId,
  clientSecret,
  redirectUri,
  now,
}: {
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  now: () => Date;
}): GoogleProvider {
  let known: { configuration: Promise<Configuration>; at: number } | undefined;

  /** Read when first needed: a provider that is away must not keep the service from starting. */
  function configuration(): Promise<Configuration> {
    const at = now().getTime();
    if (!known || at - known.at > rediscoverAfterMs) {
      const insecure = issuer.startsWith("http:") ? { execute: [allowInsecureRequests] } : {};
      const found = discovery(new URL(issuer), clientId, clientSecret, undefined, {
        timeout: 5,
        ...insecure,
      });
      known = { configuration: found, at };
      found.catch(() => {
        known = undefined;
      });
    }
    return known.configuration;
  }

  return {
    async begin(asking = false) {
      const secrets = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const url = buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: "openid email profile",
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await calculatePKCECodeChallenge(secrets.verifier),
        code_challenge_method: "S256",
        ...(asking && { prompt: "select_account" }),
      });
      return { url: url.href, secrets };
    },
    async finish(search, { state, nonce, verifier }) {
      const tokens = await authorizationCodeGrant(await configuration(), new URL(redirectUri + search), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new Error("The provider sent no ID token");
      const line = (value: unknown) => (typeof value === "string" ? value : undefined);
      return {
        issuer: claims.iss,
        subject: claims.sub,
        email: line(claims.email),
        emailVerified: claims.email_verified === true,
        firstName: line(claims.given_name) ?? line(claims.name),
        lastName: line(claims.family_name),
      };
    },
  };
}
