import { Type } from "@sinclair/typebox";
import { Uuid } from "#mesh/uuid-schema";
import type { SessionTokens } from "./session-tokens.ts";
import type { User } from "./user.ts";

// Lengths here only keep nonsense out; the rules, with their words for people, stand in `user.ts`.
const Line = Type.String({ maxLength: 1024 });
const strict = { additionalProperties: false };

export const RegistrationBody = Type.Object(
  { email: Line, password: Line, firstName: Line, lastName: Line },
  strict,
);
export const LoginBody = Type.Object({ email: Line, password: Line }, strict);
export const RefreshBody = Type.Object({ refreshToken: Line }, strict);

const Preferences = Type.Object(
  { locale: Type.Optional(Type.String({ maxLength: 35, description: "BCP 47, such as de-AT" })) },
  strict,
);
export const ProfileBody = Type.Object(
  {
    firstName: Type.Optional(Line),
    lastName: Type.Optional(Line),
    bio: Type.Optional(Type.String({ maxLength: 4096 })),
    preferences: Type.Optional(Preferences),
  },
  strict,
);
export const UserParams = Type.Object({ id: Uuid }, strict);

export const UserView = Type.Object({
  id: Type.String(),
  email: Type.String(),
  firstName: Type.String(),
  lastName: Type.String(),
  bio: Type.String(),
  preferences: Preferences,
  roles: Type.Array(Type.String()),
  tier: Type.String({ description: "Chooses the limits; empty for the usual ones" }),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});

export const SessionView = Type.Object({
  user: UserView,
  accessToken: Type.String(),
  refreshToken: Type.String(),
  tokenType: Type.Literal("Bearer"),
  expiresIn: Type.Integer({ description: "Seconds until the access token expires" }),
});

export const KeySetView = Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) });

export function userView(user: User) {
  return {
    ...user,
    preferences: { ...user.preferences },
    roles: [...user.roles],
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  };
}

export const sessionView = (tokens: SessionTokens) => ({ ...tokens, user: userView(tokens.user) });
