import type { Problem } from "./problem.ts";

/** A refusal in the form of RFC 6749 §5.2, which is what OAuth clients read. */
export interface OAuthRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: string; readonly error_description: string };
}

/** What is wrong with the content of a request is a plain 400 there; what HTTP itself says keeps its status. */
const ofContent = new Set([415, 422]);

/**
 * Says a problem as the endpoints for tokens do: RFC 6749 §5.2, and by reference RFC 7662 §2.3 and RFC 7009 §2.2.1.
 * A request that cannot be taken as it is is `invalid_request`; where the client did nothing wrong, the codes of §4.1.2.1
 * for it are the nearest that are registered. `Retry-After` and the like stay.
 */
export function oauthRefusal({ status, title, detail, headers }: Problem): OAuthRefusal {
  const ours = status >= 500;
  const error =
    status === 500 ? "server_error" : ours || status === 429 ? "temporarily_unavailable" : "invalid_request";
  return {
    status: ofContent.has(status) ? 400 : status,
    // §5.1: tokens and what is said of them are nobody else's to keep.
    headers: { "cache-control": "no-store", pragma: "no-cache", ...headers },
    body: { error, error_description: plain(detail ?? title) },
  };
}

/** §5.2 takes ASCII without quotation marks and backslashes. */
const plain = (text: string): string => text.replaceAll(/[^ !#-[\]-~]/g, "'");
