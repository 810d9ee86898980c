import { Buffer } from "node:buffer";
import type { UserDeps } from "../user-deps.ts";
import { secretMatches } from "./client-secret.ts";
import type { Form } from "./form-body.ts";
import type { OAuthClient } from "./oauth-client.ts";
import { findClientWithSecrets } from "./oauth-client-store.ts";
import { isOAuthError, type OAuthError } from "./oauth-error.ts";

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Presented {
  readonly id: string;
  readonly secret: string | undefined;
  /** By HTTP Basic rather than in the body. */
  readonly basic: boolean;
}

/**
 * Who asks: by `client_secret_basic`, `client_secret_post`, or, a public client, by its id alone. Whatever is wrong, the
 * refusal is the same.
 */
export async function authenticateClient(
  { sql, now, metrics }: Pick<UserDeps, "sql" | "now" | "metrics">,
  request: Request,
  form: Form,
): Promise<OAuthClient | OAuthError> {
  const presented = readCredentials(request.headers.get("authorization"), form);
  if (isOAuthError(presented)) return presented;
  const { id, secret, basic } = presented;
  const client = uuidPattern.test(id) ? await findClientWithSecrets(sql, id) : undefined;
  const proved =
    secret === undefined
      ? client?.kind === "public"
      : secretMatches(client, secret, now()) && client !== undefined;
  if (client && proved) return client;
  metrics.loginFailures.inc({ reason: "invalid-client" });
  return {
    error: "invalid_client",
    description: "The client is not known by these credentials",
    challenge: basic,
  };
}

function readCredentials(header: string | null, form: Form): Presented | OAuthError {
  const [id, secret] = [form.get("client_id"), form.get("client_secret")];
  if (header === null) {
    if (id === undefined)
      return { error: "invalid_client", description: "The client does not say who it is" };
    return { id, secret, basic: false };
  }
  const basic = readBasic(header);
  if (!basic) {
    return {
      error: "invalid_client",
      description: "The Authorization header is not HTTP Basic",
      challenge: true,
    };
  }
  // More than one method at once is not allowed (RFC 6749 §2.3).
  if (secret !== undefined || (id !== undefined && id !== basic.id)) {
    return { error: "invalid_request", description: "The client authenticates in more than one way" };
  }
  return { ...basic, basic: true };
}

/** Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
function readBasic(header: string): { id: string; secret: string } | undefined {
  const [, encoded = ""] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  try {
    const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
    return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}
