import { Type } from "@sinclair/typebox";
import { Uuid } from "#mesh/uuid-schema";
import type { RegisteredClient } from "./manage-clients.ts";
import type { OAuthClient } from "./oauth-client.ts";

const strict = { additionalProperties: false };
const Kind = Type.Union([Type.Literal("confidential"), Type.Literal("public")], {
  description: "`confidential` or `public`; a public client, such as an app, can keep no secret",
});

export const ClientParams = Type.Object({ id: Uuid }, strict);
export const ClientBody = Type.Object(
  {
    name: Type.String({ maxLength: 400, description: "Shown to the people who are asked for consent" }),
    kind: Kind,
    redirectUris: Type.Optional(
      Type.Array(Type.String({ maxLength: 512 }), {
        maxItems: 10,
        description: "https, or http on a loopback address; compared exactly",
      }),
    ),
    scopes: Type.Array(Type.String({ maxLength: 64 }), {
      maxItems: 50,
      description: "The most it may ask for",
    }),
  },
  strict,
);
export const Tier = Type.String({
  pattern: "^([a-z][a-z0-9-]{0,31})?$",
  description: "A name such as `pro`, or empty for the usual limits",
});
export const StandingBody = Type.Object(
  { tier: Type.Optional(Tier), internal: Type.Optional(Type.Boolean()) },
  { ...strict, minProperties: 1 },
);

export const ClientView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Kind,
  redirectUris: Type.Array(Type.String()),
  scopes: Type.Array(Type.String()),
  tier: Type.String(),
  internal: Type.Boolean(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  secret: Type.Optional(Type.String({ description: "Only in the answer that made it" })),
});
export const ClientList = Type.Object({ data: Type.Array(ClientView) });

export const ConsentList = Type.Object({
  data: Type.Array(
    Type.Object({
      clientId: Type.String(),
      name: Type.String(),
      scopes: Type.Array(Type.String()),
      givenAt: Type.String(),
    }),
  ),
});

export function clientView({ ownerId: _owner, ...client }: OAuthClient) {
  return {
    ...client,
    redirectUris: [...client.redirectUris],
    scopes: [...client.scopes],
    createdAt: client.createdAt.toISOString(),
    updatedAt: client.updatedAt.toISOString(),
  };
}

export const registeredView = ({ client, secret }: RegisteredClient) => ({
  ...clientView(client),
  ...(secret !== undefined && { secret }),
});
