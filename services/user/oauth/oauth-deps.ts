import type { BegunSignIn } from "../google/begun-sign-in.ts";
import type { GoogleProvider } from "../google/google-provider.ts";
import type { SealedCookie } from "../google/sealed-cookie.ts";
import type { UserDeps } from "../user-deps.ts";
import type { AuthorizationCodes } from "./authorization-codes.ts";
import type { BrowserSignIns } from "./browser-sign-ins.ts";
import type { PendingConsents } from "./pending-consents.ts";
import type { ReadAccessToken } from "./read-access-token.ts";

export interface OAuthDeps extends UserDeps {
  readonly codes: AuthorizationCodes;
  readonly browsers: BrowserSignIns;
  readonly readAccessToken: ReadAccessToken;
  /** undefined where Google is not set up. */
  readonly google: GoogleProvider | undefined;
  readonly begun: SealedCookie<BegunSignIn>;
  readonly pendingConsents: PendingConsents;
  /** The `iss` of tokens and answers. */
  readonly issuer: string;
  /** Where clients and browsers reach the gateway, without a slash at the end. */
  readonly publicUrl: string;
}
