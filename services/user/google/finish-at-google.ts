import type { Log } from "#observability/log";
import { normaliseEmail } from "../user.ts";
import type { GoogleProvider, ProviderAccount, ProviderSecrets } from "./google-provider.ts";

/** What came of a visit to Google. */
export type AtGoogle =
  | ProviderAccount
  | { readonly failed: "access_denied" | "email_not_verified" | "sign_in_failed" };

/** Takes in what the browser brings from Google. */
export async function finishAtGoogle(
  log: Log,
  google: GoogleProvider,
  request: Request,
  { state, nonce, verifier }: ProviderSecrets,
): Promise<AtGoogle> {
  const { search, searchParams } = new URL(request.url);
  try {
    const account = await google.finish(search, { state, nonce, verifier });
    const checked = account.emailVerified && normaliseEmail(account.email ?? "");
    return checked ? account : { failed: "email_not_verified" };
  } catch (error) {
    if (searchParams.get("error") === "access_denied") return { failed: "access_denied" };
    log.warn({ reason: messageOf(error) }, "signing in with Google failed");
    return { failed: "sign_in_failed" };
  }
}

/** Not the error itself: the library's errors carry answers of the provider, which may hold tokens. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "unknown");
