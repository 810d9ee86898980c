import { isScope, scopeNames, scopes } from "#mesh/identity/scopes";
import type { Route } from "../routes.ts";
import { apiKeyHeader } from "../stages/authenticate.ts";

type Json = Record<string, unknown>;

const authorizePath = "/oauth/authorize";
const tokenPath = "/oauth/token";

/** How callers of these routes prove themselves (OpenAPI 3.0.3 §4.7.27). */
export function securitySchemes(routes: readonly Route[]): Json {
  const keys = routes.some(({ auth }) => auth.accept.includes("api-key"));
  return {
    bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
    ...(keys && {
      apiKey: {
        type: "apiKey",
        in: "header",
        name: apiKeyHeader,
        description: "Made at POST /api/keys. Good for the scopes that it was given.",
      },
    }),
    ...(hasOAuth(routes) && {
      oauth: {
        type: "oauth2",
        description: "For applications, with PKCE; registered at POST /api/oauth/clients.",
        flows: {
          authorizationCode: {
            authorizationUrl: authorizePath,
            tokenUrl: tokenPath,
            refreshUrl: tokenPath,
            scopes: titles("person"),
          },
          clientCredentials: { tokenUrl: tokenPath, scopes: titles("anyone") },
        },
      },
    }),
  };
}

/** Any one of these opens the call; an empty one stands for nothing at all. */
export function securityOf({ auth, ignoreToken }: Route, routes: readonly Route[]): Json {
  if (ignoreToken) return {};
  const { anonymous, accept, scopes: wanted } = auth;
  const toClients = wanted.length > 0 && wanted.every(isForClients) && hasOAuth(routes);
  const ways = [
    ...(anonymous ? [{}] : []),
    ...(accept.includes("token") ? [{ bearer: [] }] : []),
    ...(accept.includes("token") && toClients ? [{ oauth: wanted }] : []),
    ...(accept.includes("api-key") ? [{ apiKey: [] }] : []),
  ];
  return { security: ways, ...(wanted.length > 0 && { "x-scopes": wanted }) };
}

const hasOAuth = (routes: readonly Route[]): boolean =>
  [authorizePath, tokenPath].every((path) => routes.some(({ template }) => template === path));

const isForClients = (scope: string): boolean => isScope(scope) && scopes[scope].grantedTo !== "admin-key";

/** What a client may be granted: for itself, or by a person, who may grant that too. */
const titles = (by: "anyone" | "person"): Record<string, string> =>
  Object.fromEntries(
    scopeNames
      .filter((name) => scopes[name].grantedTo === "anyone" || scopes[name].grantedTo === by)
      .map((name) => [name, scopes[name].title]),
  );
