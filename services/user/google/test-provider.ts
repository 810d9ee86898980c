import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

type Claims = Record<string, string | boolean>;

/** An OpenID provider on this machine in Google's place, where a test signs in as whom it likes. */
export async function startTestProvider() {
  const accounts = new Map<string, Claims>();
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = { issuer, clientId: "ecotrack", clientSecret: "a secret that only the test knows" };

  const makeProvider = async (redirectUri: string) =>
    new Provider(issuer, {
      clients: [
        {
          client_id: client.clientId,
          client_secret: client.clientSecret,
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: "client_secret_post",
        },
      ],
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
      cookies: { keys: ["a key of the test"] },
      claims: { email: ["email", "email_verified"], profile: ["given_name", "family_name", "name"] },
      // As Google does: the ID token itself carries the claims.
      conformIdTokenClaims: false,
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) }),
      pkce: { required: () => true },
      features: { devInteractions: { enabled: true } },
    });

  return {
    client,
    /** Adds an account or changes what is known of it. */
    add: (id: string, claims: Claims) => accounts.set(id, claims),
    /** To be called once, before the first sign-in. */
    async allowRedirect(uri: string): Promise<void> {
      const answer = (await makeProvider(uri)).callback();
      server.on("request", (request, response) => void answer(request, response));
    },
    /** Goes through the provider's own pages like a person. @returns where the browser is sent in the end */
    async signIn(url: string, account: string): Promise<string> {
      const cookies = new Map<string, string>();
      let next: string = url;
      let body: URLSearchParams | undefined;
      for (let step = 0; step < 12; step++) {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        const init = {
          redirect: "manual",
          headers: { cookie },
          ...(body && { method: "POST", body }),
        } as const;
        const response = await fetch(next, init);
        for (const line of response.headers.getSetCookie()) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          cookies.set(name, value);
        }
        const html = await response.text();
        const location = response.headers.get("location");
        body = undefined;
        if (location) {
          next = new URL(location, next).href;
          if (!next.startsWith(issuer)) return next;
        } else {
          const [, action = ""] = /<form[^>]* action="([^"]+)"/.exec(html) ?? [];
          const [, prompt = ""] = /name="prompt" value="([^"]+)"/.exec(html) ?? [];
          if (!action) throw new Error(`The provider answered ${response.status} ${html.slice(0, 500)}`);
          next = new URL(action, next).href;
          body = new URLSearchParams({
            prompt,
            ...(prompt === "login" && { login: account, password: "any" }),
          });
        }
      }
      throw new Error("The provider does not let go");
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
