import type { JSONWebKeySet } from "jose";
import type { HeaderMapping } from "./claim-headers.ts";
import { compileHeaderMapping } from "./claim-headers.ts";
import { type SignatureAlgorithm, signatureAlgorithms } from "./signature-algorithm.ts";

/** A claim that has to be there, or has to be this value or a list with it. */
export type RequiredClaim = string | { readonly name: string; readonly value: string | number | boolean };

/** Who may sign tokens, and which of them are taken. */
export interface IssuerSpec {
  readonly name: string;
  /** The claim `iss`, to the letter. Left out where the key id names the issuer, as in tokens of services. */
  readonly issuer?: string | undefined;
  /** Where the issuer publishes its keys, or the keys themselves. */
  readonly keys: { readonly url: string } | JSONWebKeySet;
  /** One of them has to be in the claim `aud`. */
  readonly audience: string | readonly string[];
  /** ES256 alone, unless said otherwise. */
  readonly algorithms?: readonly SignatureAlgorithm[] | undefined;
  /** The `typ` of the header, such as `at+jwt` (RFC 9068), so that no other kind of token passes for this one. */
  readonly type?: string | undefined;
  /** How far the issuer's clock and ours may differ. 5, unless said otherwise. */
  readonly clockSkewSeconds?: number | undefined;
  readonly requiredClaims?: readonly RequiredClaim[] | undefined;
  /** What a token without any scope may do: `all` where that is how people sign in. `none`, unless said otherwise. */
  readonly withoutScope?: "all" | "none" | undefined;
  /** Names of headers for the services behind, and of the claims that they get. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An issuer's rules in the form in which tokens are checked. */
export interface Issuer {
  readonly name: string;
  readonly issuer: string | undefined;
  readonly keys: IssuerSpec["keys"];
  readonly audiences: ReadonlySet<string>;
  readonly algorithms: ReadonlySet<string>;
  /** In lower case and without `application/` (RFC 7515 §4.1.9); empty for any. */
  readonly type: string;
  readonly clockSkewSeconds: number;
  readonly requiredClaims: readonly { readonly name: string; readonly value: unknown }[];
  readonly withoutScope: "all" | "none";
  readonly headers: readonly HeaderMapping[];
}

/** @throws Error that says which rule cannot be kept */
export function compileIssuer(spec: IssuerSpec): Issuer {
  const { name, algorithms = ["ES256"], clockSkewSeconds = 5, requiredClaims = [] } = spec;
  const unknown = algorithms.find((each) => !signatureAlgorithms.includes(each));
  if (unknown !== undefined || algorithms.length === 0)
    throw new Error(
      `The issuer ${name} has the algorithm ${unknown}, expected ${signatureAlgorithms.join(", ")}`,
    );
  const audiences = new Set(typeof spec.audience === "string" ? [spec.audience] : spec.audience);
  if (audiences.size === 0) throw new Error(`The issuer ${name} has no audience`);
  return {
    name,
    issuer: spec.issuer,
    keys: spec.keys,
    audiences,
    algorithms: new Set(algorithms),
    type: plainType(spec.type ?? ""),
    clockSkewSeconds,
    requiredClaims: requiredClaims.map((each) =>
      typeof each === "string" ? { name: each, value: undefined } : each,
    ),
    withoutScope: spec.withoutScope ?? "none",
    headers: compileHeaderMapping(spec.headers ?? {}),
  };
}

/** A type without the prefix that may be left out, in the case that does not count (RFC 7515 §4.1.9). */
export function plainType(type: string): string {
  const lower = type.toLowerCase();
  return lower.startsWith("application/") ? lower.slice("application/".length) : lower;
}
