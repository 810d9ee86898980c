/** A refusal in the form of RFC 6749 §5.2, which OAuth clients understand instead of problem documents. */
export interface OAuthError {
  readonly error:
    | "invalid_request"
    | "invalid_client"
    | "invalid_grant"
    | "unauthorized_client"
    | "unsupported_grant_type"
    | "unsupported_token_type"
    | "invalid_scope";
  /** ASCII without quotation marks (RFC 6749 §5.2). */
  readonly description: string;
  /** Set when the client tried HTTP Basic: it must be told which scheme is taken. */
  readonly challenge?: boolean;
}

export const isOAuthError = (value: unknown): value is OAuthError =>
  typeof value === "object" && value !== null && "error" in value && "description" in value;

/** Tokens and what is said of them are nobody else's to keep (RFC 6749 §5.1). */
const notStored = { "cache-control": "no-store", pragma: "no-cache" };

export const oauthAnswer = (body: object): Response => Response.json(body, { headers: notStored });

export function oauthErrorResponse({ error, description, challenge = false }: OAuthError): Response {
  return Response.json(
    { error, error_description: description },
    {
      status: error === "invalid_client" ? 401 : 400,
      headers: { ...notStored, ...(challenge && { "www-authenticate": 'Basic realm="ecotrack"' }) },
    },
  );
}
