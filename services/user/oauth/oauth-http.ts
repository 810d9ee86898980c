import { Type } from "@sinclair/typebox";
import type { createServiceApp } from "#mesh/http/service-app";
import { scopeNames, scopes } from "#mesh/identity/scopes";
import { oauthRefusal } from "#mesh/oauth-refusal";
import { type Problem, problemResponse } from "#mesh/problem";
import { type AuthenticationMethod, inAuthentication } from "../in-authentication.ts";
import { accepted } from "../problems.ts";
import { visitorOf } from "../visitor.ts";
import { authenticateClient } from "./authenticate-client.ts";
import { answerAuthorization, showAuthorization } from "./authorize.ts";
import { type Form, readForm } from "./form-body.ts";
import { giveTokens } from "./give-tokens.ts";
import { leaveForGoogle } from "./google-on-consent.ts";
import { introspectToken } from "./introspect-token.ts";
import type { OAuthClient } from "./oauth-client.ts";
import type { OAuthDeps } from "./oauth-deps.ts";
import { isOAuthError, type OAuthError, oauthAnswer, oauthErrorResponse } from "./oauth-error.ts";
import { authorizeOperation, formOperation } from "./oauth-operations.ts";
import { revokeToken } from "./revoke-token.ts";

const tags = ["oauth"];
/** Their bodies are forms, which the service's own reader of JSON refuses. */
export const formRoutes = ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/authorize"];

/** These refuse as RFC 6749 §5.2 has it, whatever the reason; the page of `/oauth/authorize` is for people. */
const tokenRoutes = ["/oauth/token", "/oauth/introspect", "/oauth/revoke"];

/** How user-service says a refusal. */
export function answerProblem(problem: Problem, path: string): Response {
  if (!tokenRoutes.includes(path)) return problemResponse(problem, path);
  const { status, headers, body } = oauthRefusal(problem);
  return Response.json(body, { status, headers });
}

/** What each grant is as a way of signing in. */
const methods = new Map<string, AuthenticationMethod>([
  ["client_credentials", "client-credentials"],
  ["authorization_code", "authorization-code"],
  ["refresh_token", "refresh"],
]);

function inGrant<T extends object>(form: Form, work: () => Promise<T>): Promise<T> {
  const method = methods.get(form.get("grant_type") ?? "");
  return method ? inAuthentication(method, work) : work();
}

const TokenView = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal("Bearer"),
  expires_in: Type.Integer(),
  scope: Type.String(),
  refresh_token: Type.Optional(Type.String()),
});
const IntrospectionView = Type.Object({ active: Type.Boolean() }, { description: "RFC 7662 §2.2" });

/** What OAuth clients talk to, in the forms of its specifications rather than of this API. */
export function createOAuthHttp(app: ReturnType<typeof createServiceApp>, deps: OAuthDeps) {
  /** Runs `work` for a client that proved itself, with its form; both within `around`. */
  async function forClient(
    request: Request,
    body: unknown,
    work: (client: OAuthClient, form: Form) => Promise<object | OAuthError> | OAuthError,
    around = (_: Form, both: () => Promise<object | OAuthError>) => both(),
  ): Promise<Response> {
    const form = readForm(request, body);
    if (isOAuthError(form)) return oauthErrorResponse(form);
    const outcome = await around(form, async () => {
      const client = await authenticateClient(deps, request, form);
      return isOAuthError(client) ? client : accepted(Promise.resolve(work(client, form)));
    });
    return isOAuthError(outcome) ? oauthErrorResponse(outcome) : oauthAnswer(outcome);
  }

  /** Token endpoints beside the first one all take a `token`. */
  const ofToken =
    (work: (client: OAuthClient, token: string) => Promise<object | OAuthError>) =>
    (client: OAuthClient, form: Form): Promise<object | OAuthError> | OAuthError => {
      const token = form.get("token");
      return token ? work(client, token) : { error: "invalid_request", description: "token is missing" };
    };

  const introspect = ofToken(async (client, token) =>
    client.kind === "public"
      ? { error: "invalid_client", description: "This takes a client that can prove itself" }
      : introspectToken(deps, client, token),
  );
  const revoke = ofToken(async (client, token) => {
    await revokeToken(deps, client, token);
    return {};
  });

  return app
    .post(
      "/oauth/token",
      ({ request, body }) =>
        forClient(
          request,
          body,
          (client, form) => giveTokens(deps, client, form, visitorOf(request)),
          inGrant,
        ),
      {
        anyone: true,
        detail: {
          ...formOperation("token", TokenView),
          summary: "Get tokens (RFC 6749 §3.2, RFC 7636)",
          tags,
        },
      },
    )
    .post("/oauth/introspect", ({ request, body }) => forClient(request, body, introspect), {
      anyone: true,
      detail: {
        ...formOperation("introspect", IntrospectionView),
        summary: "Ask what a token is good for (RFC 7662)",
        tags,
      },
    })
    .post("/oauth/revoke", ({ request, body }) => forClient(request, body, revoke), {
      anyone: true,
      detail: { ...formOperation("revoke", Type.Object({})), summary: "Give a token up (RFC 7009)", tags },
    })
    .get("/oauth/authorize", ({ request }) => accepted(showAuthorization(deps, request)), {
      anyone: true,
      detail: {
        ...authorizeOperation,
        summary: "The page where a person lets a client in (RFC 6749 §3.1)",
        tags,
      },
    })
    .get("/oauth/authorize/google", ({ request }) => accepted(leaveForGoogle(deps, request)), {
      anyone: true,
      detail: { ...authorizeOperation, summary: "From that page to Google, where it is set up", tags },
    })
    .post(
      "/oauth/authorize",
      async ({ request, body }) => {
        const form = readForm(request, body);
        if (isOAuthError(form)) return oauthErrorResponse(form);
        return accepted(answerAuthorization(deps, request, form, visitorOf(request)));
      },
      {
        anyone: true,
        detail: {
          ...authorizeOperation,
          summary: "Where the page's own forms go; nothing for clients",
          tags,
        },
      },
    )
    .get(
      "/.well-known/oauth-authorization-server",
      ({ set }) => {
        set.headers["cache-control"] = "public, max-age=300";
        return metadata(deps);
      },
      {
        anyone: true,
        detail: { summary: "What this authorization server can (RFC 8414)", tags },
      },
    );
}

function metadata({ issuer, publicUrl }: OAuthDeps) {
  const confidential = ["client_secret_basic", "client_secret_post"];
  return {
    issuer,
    authorization_endpoint: `${publicUrl}/oauth/authorize`,
    token_endpoint: `${publicUrl}/oauth/token`,
    introspection_endpoint: `${publicUrl}/oauth/introspect`,
    revocation_endpoint: `${publicUrl}/oauth/revoke`,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    service_documentation: `${publicUrl}/docs`,
    scopes_supported: scopeNames.filter((scope) => scopes[scope].grantedTo !== "admin-key"),
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "client_credentials", "refresh_token"],
    token_endpoint_auth_methods_supported: [...confidential, "none"],
    introspection_endpoint_auth_methods_supported: confidential,
    revocation_endpoint_auth_methods_supported: [...confidential, "none"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    prompt_values_supported: ["none", "login", "consent"],
  };
}
