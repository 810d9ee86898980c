/** What a good token says. Remembered as it is, so that a request with a known token computes nothing. */
export interface VerifiedToken {
  readonly subject: string;
  /** The claim `iss`. */
  readonly issuer: string;
  /** The issuer's name in the configuration. */
  readonly issuerName: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  /** As in the claim `scope`, apart by blanks (RFC 8693 §4.2). */
  readonly scope: string;
  readonly scopes: readonly string[];
  /** It has none, and its issuer means by that all that its subject may do. */
  readonly allScopes: boolean;
  /** What the caller has booked, `pro`; empty for nothing in particular. */
  readonly tier: string;
  /** The OAuth client, or the API key, that acts; empty where a person signed in. */
  readonly clientId: string;
  /** The key that signed it, from the protected header. */
  readonly keyId: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Claims as headers for the services behind, as the issuer's configuration maps them; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}
