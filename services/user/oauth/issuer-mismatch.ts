/**
 * Clients that look for the metadata below one address believe no other issuer there (RFC 8414 §3.3). That is no mistake where
 * the issuer's own address leads here too, or no client looks: so it is said, and does not stop the start.
 */
export const issuerMismatch = (publicUrl: string, issuer: string): string | undefined =>
  publicUrl === issuer.replace(/\/$/, "")
    ? undefined
    : `PUBLIC_URL is "${publicUrl}" and TOKEN_ISSUER is "${issuer}": metadata found at the first name the second (RFC 8414 §3.3)`;
