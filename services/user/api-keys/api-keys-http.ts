import { Type } from "@sinclair/typebox";
import type { createServiceApp } from "#mesh/http/service-app";
import { apiKeyPrefix } from "#mesh/identity/api-key-format";
import { Uuid } from "#mesh/uuid-schema";
import { accepted, noContent, notStored } from "../problems.ts";
import { oldValidHoursOf, RotationBody } from "../rotation-schema.ts";
import type { UserDeps } from "../user-deps.ts";
import { findUser } from "../user-store.ts";
import type { ApiKey } from "./api-key.ts";
import { listApiKeys } from "./api-key-store.ts";
import { type ExchangedKey, exchangeApiKey } from "./exchange-api-key.ts";
import { deleteApiKey, type MadeKey, makeApiKey, rotateApiKey } from "./manage-api-keys.ts";

const tags = ["api keys"];
const strict = { additionalProperties: false };

const KeyParams = Type.Object({ id: Uuid }, strict);
const KeyBody = Type.Object(
  {
    name: Type.String({ maxLength: 400 }),
    scopes: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 50 }),
    expiresInDays: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3650, description: "Without it the key does not expire" }),
    ),
  },
  strict,
);
const Moment = Type.Union([Type.String(), Type.Null()]);
const KeyView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String(),
  lastFour: Type.String(),
  scopes: Type.Array(Type.String()),
  tier: Type.String({ description: "Of the account; empty for the usual limits" }),
  createdAt: Type.String(),
  expiresAt: Moment,
  lastUsedAt: Moment,
});
const KeyList = Type.Object({ data: Type.Array(KeyView) });
const MadeView = Type.Intersect([
  KeyView,
  Type.Object({ key: Type.String({ description: "Shown here only; send it as `X-Api-Key`" }) }),
]);
const ExchangeBody = Type.Object({ key: Type.String({ maxLength: 256 }) }, strict);
const ExchangeView = Type.Object({ accessToken: Type.String(), expiresIn: Type.Integer() });

/** Keys for programs of the person's own. */
export function createApiKeysHttp(app: ReturnType<typeof createServiceApp>, deps: UserDeps) {
  return app
    .post(
      "/api/keys",
      async ({ caller, body, set }) => {
        Object.assign(set.headers, notStored);
        set.status = 201;
        return madeView(await accepted(makeApiKey(deps, caller.userId, body)));
      },
      {
        user: true,
        body: KeyBody,
        response: { 201: MadeView },
        detail: { summary: "Make an API key; it is shown here only", tags },
      },
    )
    .get(
      "/api/keys",
      async ({ caller }) => {
        const owner = await findUser(deps.sql, caller.userId);
        return {
          data: (await listApiKeys(deps.sql, caller.userId)).map((key) => keyView(key, owner?.tier ?? "")),
        };
      },
      { user: true, response: { 200: KeyList }, detail: { summary: "My API keys", tags } },
    )
    .post(
      "/api/keys/:id/rotate",
      async ({ caller, params, body, set }) => {
        Object.assign(set.headers, notStored);
        set.status = 201;
        const rotation = { id: params.id, ownerId: caller.userId, oldValidHours: oldValidHoursOf(body) };
        return madeView(await accepted(rotateApiKey(deps, rotation)));
      },
      {
        user: true,
        params: KeyParams,
        body: RotationBody,
        response: { 201: MadeView },
        detail: {
          summary: "A new key in place of one",
          description: "The old one stays good for 24 hours, or as long as said; it can be deleted earlier.",
          tags,
        },
      },
    )
    .delete(
      "/api/keys/:id",
      async ({ caller, params }) => {
        await accepted(deleteApiKey(deps, { id: params.id, ownerId: caller.userId }));
        return noContent();
      },
      {
        user: true,
        params: KeyParams,
        detail: { summary: "End an API key everywhere within a second", tags },
      },
    )
    .post(
      "/internal/api-keys/exchange",
      async ({ body, set }) => {
        Object.assign(set.headers, notStored);
        return accepted<ExchangedKey>(exchangeApiKey(deps, body.key));
      },
      {
        services: ["gateway"],
        body: ExchangeBody,
        response: { 200: ExchangeView },
        detail: { summary: "An access token for an API key", tags: ["internal"] },
      },
    );
}

const keyView = ({ ownerId: _owner, ...key }: ApiKey, tier: string) => ({
  ...key,
  prefix: apiKeyPrefix,
  scopes: [...key.scopes],
  tier,
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt?.toISOString() ?? null,
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
});

const madeView = ({ key, kept, tier }: MadeKey) => ({ ...keyView(kept, tier), key });
