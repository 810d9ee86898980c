import { type Static, Type } from "@sinclair/typebox";
import { Uuid } from "../uuid-schema.ts";
import { cloudEvent, type NewEvent } from "./cloud-event.ts";

export const userTopic = "user-events";

const profile = Type.Object({
  userId: Uuid,
  email: Type.String(),
  firstName: Type.String(),
  lastName: Type.String(),
});
const session = Type.Object({ userId: Uuid, sessionId: Uuid });

/** The data of each event of user-service, by type. */
export const userEvents = {
  "ecotrack.user.registered.v1": profile,
  "ecotrack.user.updated.v1": profile,
  "ecotrack.user.deleted.v1": Type.Object({ userId: Uuid }),
  "ecotrack.user.logged-in.v1": session,
  "ecotrack.user.logged-out.v1": session,
} as const;

export type UserEvents = { [T in keyof typeof userEvents]: Static<(typeof userEvents)[T]> };

export const userEvent = <T extends keyof UserEvents>(type: T, event: NewEvent<UserEvents[T]>) =>
  cloudEvent("/user-service", type, event);
