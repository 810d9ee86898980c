/** Credentials as RFC 6750 §2.1 has them; the scheme's name counts in any case (RFC 9110 §11.1). */
const credentials = /^Bearer +([\w.~+/-]+=*)$/i;
const otherScheme = /^(?!Bearer(?: |$))[\w!#$%&'*+.^`|~-]+(?: |$)/i;

/**
 * The token of an `Authorization` header. `none`: nothing was sent that is known here, which is not the client's mistake
 * (RFC 6750 §3.1, last paragraph); `malformed`: a bearer token that is none, or more than one.
 */
export function readBearer(header: string | null): { readonly token: string } | "none" | "malformed" {
  if (header === null || /^Bearer *$/i.test(header)) return "none";
  const token = credentials.exec(header)?.[1];
  if (token !== undefined) return { token };
  // Headers that were sent twice arrive joined by a comma.
  return otherScheme.test(header) && !/, *Bearer /i.test(header) ? "none" : "malformed";
}
