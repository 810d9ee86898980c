import { createServiceApp, type ServiceAppOptions } from "#mesh/http/service-app";
import { isAdmin } from "#mesh/identity/caller";
import { ProblemError } from "#mesh/problem";
import { createApiKeysHttp } from "./api-keys/api-keys-http.ts";
import { changeOwnProfile } from "./change-profile.ts";
import { deleteUser } from "./delete-user.ts";
import { createGoogleHttp, type GoogleHttpDeps } from "./google/google-http.ts";
import type { KeyRing } from "./key-ring.ts";
import { logIn } from "./log-in.ts";
import { logOut } from "./log-out.ts";
import { createClientsHttp } from "./oauth/clients-http.ts";
import type { OAuthDeps } from "./oauth/oauth-deps.ts";
import { answerProblem, createOAuthHttp, formRoutes } from "./oauth/oauth-http.ts";
import { accepted, notStored, refusalProblem } from "./problems.ts";
import { refreshSession } from "./refresh-session.ts";
import { registerUser } from "./register-user.ts";
import { createSessionsHttp } from "./sessions-http.ts";
import {
  KeySetView,
  LoginBody,
  ProfileBody,
  RefreshBody,
  RegistrationBody,
  SessionView,
  sessionView,
  UserParams,
  UserView,
  userView,
} from "./user-schema.ts";
import { findUser } from "./user-store.ts";
import { visitorOf } from "./visitor.ts";

export type UserHttpDeps = OAuthDeps & GoogleHttpDeps;

/** The routes of user-service. */
export function createUserHttp(base: ServiceAppOptions, deps: UserHttpDeps, keyRing: KeyRing) {
  const person = async (id: string) => {
    const user = await findUser(deps.sql, id);
    if (!user) throw new ProblemError(refusalProblem({ refused: "user-not-found" }));
    return userView(user);
  };

  const app = createServiceApp({ ...base, rawBodyRoutes: formRoutes, answerProblem });
  createOAuthHttp(app, deps);
  createClientsHttp(app, deps);
  createApiKeysHttp(app, deps);
  createGoogleHttp(app, deps);
  createSessionsHttp(app, deps);
  return app
    .post(
      "/api/auth/register",
      async ({ body, request, set }) => {
        Object.assign(set.headers, notStored);
        set.status = 201;
        return sessionView(await accepted(registerUser(deps, body, visitorOf(request))));
      },
      {
        anyone: true,
        body: RegistrationBody,
        response: { 201: SessionView },
        detail: { summary: "Make an account and sign in", tags: ["auth"] },
      },
    )
    .post(
      "/api/auth/login",
      async ({ body, request, set }) => {
        Object.assign(set.headers, notStored);
        return sessionView(await accepted(logIn(deps, body, visitorOf(request))));
      },
      {
        anyone: true,
        body: LoginBody,
        response: { 200: SessionView },
        detail: { summary: "Sign in", tags: ["auth"] },
      },
    )
    .post(
      "/api/auth/refresh",
      async ({ body, set }) => {
        Object.assign(set.headers, notStored);
        return sessionView(await accepted(refreshSession(deps, body.refreshToken)));
      },
      {
        anyone: true,
        body: RefreshBody,
        response: { 200: SessionView },
        detail: { summary: "Exchange a refresh token, which is good for one use", tags: ["auth"] },
      },
    )
    .post(
      "/api/auth/logout",
      async ({ caller }) => {
        await accepted(logOut(deps, caller));
        return new Response(null, { status: 204 });
      },
      { user: true, detail: { summary: "End the session", tags: ["auth"] } },
    )
    .get(
      "/.well-known/jwks.json",
      ({ set }) => {
        set.headers["cache-control"] = "public, max-age=300";
        return { keys: keyRing.published().keys.map((key) => ({ ...key })) };
      },
      {
        anyone: true,
        response: { 200: KeySetView },
        detail: { summary: "The keys that access tokens are signed with (RFC 7517)", tags: ["auth"] },
      },
    )
    .get("/api/users/me", ({ caller }) => person(caller.userId), {
      user: "profile",
      response: { 200: UserView },
      detail: { summary: "Who I am", tags: ["users"] },
    })
    .patch(
      "/api/users/me",
      async ({ caller, body }) => userView(await accepted(changeOwnProfile(deps, caller.userId, body))),
      {
        user: "profile:write",
        body: ProfileBody,
        response: { 200: UserView },
        detail: { summary: "Change my profile", tags: ["users"] },
      },
    )
    .delete(
      "/api/users/me",
      async ({ caller }) => {
        await accepted(deleteUser(deps, caller.userId));
        return new Response(null, { status: 204 });
      },
      { user: true, detail: { summary: "Erase my account and end its sessions", tags: ["users"] } },
    )
    .get(
      "/api/users/:id",
      ({ caller, params }) => {
        // Somebody else's account looks like none at all.
        if (params.id !== caller.userId && !isAdmin(caller)) {
          throw new ProblemError(refusalProblem({ refused: "user-not-found" }));
        }
        return person(params.id);
      },
      {
        user: true,
        params: UserParams,
        response: { 200: UserView },
        detail: { summary: "An account: one's own, or any for an admin", tags: ["users"] },
      },
    );
}
