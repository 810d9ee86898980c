/** Why a token was refused; `unavailable` says nothing about the token: its keys could not be had. */
export type TokenRefusal =
  | "malformed"
  | "expired"
  | "not-yet-valid"
  | "signature"
  | "claims"
  | "revoked"
  | "unavailable";

export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  constructor(
    readonly reason: TokenRefusal,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The refusals that need no details, made once: a stack trace for each token of a flood would cost more than to look at
 * the token. The messages are sent to clients and say nothing that the client has not sent.
 */
export const refusals = {
  tooLong: new TokenRefused("malformed", "The token is too long"),
  notJwt: new TokenRefused("malformed", "The token is not a JWT"),
  encrypted: new TokenRefused("malformed", "The token is encrypted, which is not taken"),
  oddHeader: new TokenRefused("malformed", "The token's header has members that are not taken"),
  oddKeyId: new TokenRefused("malformed", "The token's key id is not taken"),
  oddClaims: new TokenRefused("malformed", "The token's claims are too many, too long or too deep"),
  algorithm: new TokenRefused("signature", "The token's algorithm is not accepted"),
  signature: new TokenRefused("signature", "The token's signature is not accepted"),
  issuer: new TokenRefused("claims", "The token's issuer is not accepted"),
  audience: new TokenRefused("claims", "The token is for another audience"),
  type: new TokenRefused("claims", "The token is of another type"),
  claimValue: new TokenRefused(
    "claims",
    "The token lacks a claim that is asked for, or it says something else",
  ),
  lacksClaims: new TokenRefused("claims", "The token lacks claims"),
  expired: new TokenRefused("expired", "The token has expired"),
  notYetValid: new TokenRefused("not-yet-valid", "The token is not valid yet"),
  revoked: new TokenRefused("revoked", "The session has ended"),
  unavailable: new TokenRefused("unavailable", "The issuer's keys cannot be had"),
} as const;
