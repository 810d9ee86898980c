import type { UserDeps } from "../user-deps.ts";
import type { AuthorizationCodes } from "./authorization-codes.ts";
import type { BrowserSignIns } from "./browser-sign-ins.ts";
import type { ReadAccessToken } from "./read-access-token.ts";

export interface OAuthDeps extends UserDeps {
  readonly codes: AuthorizationCodes;
  readonly browsers: BrowserSignIns;
  readonly readAccessToken: ReadAccessToken;
  /** The `iss` of tokens and answers. */
  readonly issuer: string;
  /** Where clients and browsers reach the gateway, without a slash at the end. */
  readonly publicUrl: string;
}
