import type { ServiceName } from "./service-name.ts";

/** A person, proved by an access token of user-service. */
export interface UserCaller {
  readonly kind: "user";
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly scope: string;
  /** The token itself, to be handed on when acting for the person. */
  readonly token: string;
}

/** Another service, proved by a token it signed itself. */
export interface ServiceCaller {
  readonly kind: "service";
  readonly service: ServiceName;
}

export type Caller = UserCaller | ServiceCaller;

export const isAdmin = (caller: UserCaller): boolean => caller.roles.includes("admin");
