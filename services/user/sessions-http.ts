import { Type } from "@sinclair/typebox";
import type { createServiceApp } from "#mesh/http/service-app";
import { Uuid } from "#mesh/uuid-schema";
import { changePassword } from "./change-password.ts";
import { changeTier } from "./change-tier.ts";
import { endAllSessions, endSession } from "./end-sessions.ts";
import { Tier } from "./oauth/client-schema.ts";
import { clientNames } from "./oauth/oauth-client-store.ts";
import { accepted, noContent } from "./problems.ts";
import type { Session } from "./session.ts";
import type { UserDeps } from "./user-deps.ts";
import { UserParams, UserView, userView } from "./user-schema.ts";

const strict = { additionalProperties: false };
const Line = Type.String({ maxLength: 1024 });
const PasswordBody = Type.Object(
  {
    currentPassword: Type.Optional(
      Type.String({ maxLength: 1024, description: "Needed where there is one" }),
    ),
    newPassword: Line,
  },
  strict,
);
const SessionList = Type.Object({
  data: Type.Array(
    Type.Object({
      id: Type.String(),
      current: Type.Boolean(),
      application: Type.Union([Type.Null(), Type.Object({ id: Type.String(), name: Type.String() })], {
        description: "An application that acts in my name; null where I signed in myself",
      }),
      scopes: Type.Array(Type.String()),
      address: Type.String(),
      agent: Type.String(),
      startedAt: Type.String(),
      usedAt: Type.String(),
    }),
  ),
});
const SessionParams = Type.Object({ id: Uuid }, strict);

/** What people and admins do about sessions, passwords and tiers of accounts. */
export function createSessionsHttp(app: ReturnType<typeof createServiceApp>, deps: UserDeps) {
  return app
    .post(
      "/api/users/me/password",
      async ({ caller, body }) => {
        await accepted(changePassword(deps, caller, body));
        return noContent();
      },
      {
        user: true,
        body: PasswordBody,
        detail: { summary: "Change my password and end my other sessions", tags: ["users"] },
      },
    )
    .get("/api/sessions", async ({ caller }) => ({ data: await sessionViews(deps, caller) }), {
      user: true,
      response: { 200: SessionList },
      detail: { summary: "Where I am signed in, and what applications hold", tags: ["auth"] },
    })
    .delete(
      "/api/sessions",
      async ({ caller: { userId, sessionId } }) => {
        await accepted(endAllSessions(deps, userId, { except: sessionId, by: userId }));
        return noContent();
      },
      { user: true, detail: { summary: "End all my other sessions", tags: ["auth"] } },
    )
    .delete(
      "/api/sessions/:id",
      async ({ caller, params }) => {
        await accepted(endSession(deps, { userId: caller.userId, sessionId: params.id.toLowerCase() }));
        return noContent();
      },
      { user: true, params: SessionParams, detail: { summary: "End one of my sessions", tags: ["auth"] } },
    )
    .post(
      "/api/users/:id/sessions/revoke",
      async ({ caller, params }) => {
        await accepted(endAllSessions(deps, params.id.toLowerCase(), { by: caller.userId }));
        return noContent();
      },
      {
        admin: true,
        params: UserParams,
        detail: { summary: "End all sessions of somebody", tags: ["users"] },
      },
    )
    .put(
      "/api/users/:id/tier",
      async ({ params, body }) =>
        userView(await accepted(changeTier(deps, params.id.toLowerCase(), body.tier))),
      {
        admin: true,
        params: UserParams,
        body: Type.Object({ tier: Tier }, strict),
        response: { 200: UserView },
        detail: {
          summary: "Set which limits an account and its API keys have",
          description: "Tokens have it from the next refresh on.",
          tags: ["users"],
        },
      },
    );
}

async function sessionViews(
  { sql, sessions }: UserDeps,
  { userId, sessionId }: { userId: string; sessionId: string },
) {
  const found = await accepted(sessions.list(userId));
  const ids = [...new Set(found.map(({ client }) => client).filter((id) => id !== ""))];
  const names = new Map(
    (ids.length > 0 ? await clientNames(sql, ids) : []).map(({ id, name }) => [id, name]),
  );
  return found.map(({ id, client, scope, address, agent, startedAt, usedAt }: Session) => ({
    id,
    current: id === sessionId,
    application: client === "" ? null : { id: client, name: names.get(client) ?? "" },
    scopes: scope === "" ? [] : scope.split(" "),
    address,
    agent,
    startedAt: startedAt.toISOString(),
    usedAt: usedAt.toISOString(),
  }));
}
