import { userEvent, userTopic } from "#mesh/events/user-events";
import type { User } from "./user.ts";

export { userTopic };

/** Told with the account's own time, so that it is the time of the row. */
export const registered = (user: User, id: string) =>
  userEvent("ecotrack.user.registered.v1", {
    id,
    time: user.createdAt,
    subject: user.id,
    data: person(user),
  });

export const updated = (user: User, id: string) =>
  userEvent("ecotrack.user.updated.v1", { id, time: user.updatedAt, subject: user.id, data: person(user) });

export const deleted = (userId: string, { id, time }: { id: string; time: Date }) =>
  userEvent("ecotrack.user.deleted.v1", { id, time, subject: userId, data: { userId } });

interface Session {
  readonly userId: string;
  readonly sessionId: string;
}

export const loggedIn = ({ userId, sessionId }: Session, { id, time }: { id: string; time: Date }) =>
  userEvent("ecotrack.user.logged-in.v1", { id, time, subject: userId, data: { userId, sessionId } });

export const loggedOut = ({ userId, sessionId }: Session, { id, time }: { id: string; time: Date }) =>
  userEvent("ecotrack.user.logged-out.v1", { id, time, subject: userId, data: { userId, sessionId } });

function person({ id, email, firstName, lastName }: User) {
  return { userId: id, email, firstName, lastName };
}
