import type { JWK } from "jose";
import { createJwks, type JwksTimes, jwksTimes } from "./jwks.ts";
import { createTestIssuer, testTime } from "./test-issuer.ts";
import { createTokenVerifier } from "./verify-token.ts";

export type JwksAnswer = () => Response | Promise<Response>;

export const published =
  (keys: readonly JWK[], headers: Record<string, string> = {}): JwksAnswer =>
  () =>
    Response.json({ keys }, { headers });

export const away: JwksAnswer = () => Promise.reject(new Error("ECONNREFUSED"));

export const testJwksUrl = "http://issuer.test/jwks.json";

/** Keys of an issuer that a test plays, on a clock that stands still, and a verifier that uses them. For tests only. */
export function createTestJwks(answer: JwksAnswer, times: Partial<JwksTimes> = {}) {
  const state = { answer, fetches: 0, elapsed: 1_000_000, options: undefined as RequestInit | undefined };
  const jwks = createJwks({
    url: testJwksUrl,
    fetch: (async (_url: string, options: RequestInit) => {
      state.fetches += 1;
      state.options = options;
      return state.answer();
    }) as unknown as typeof fetch,
    elapsed: () => state.elapsed,
    times: { ...jwksTimes, ...times },
  });
  const verifier = createTokenVerifier({
    issuer: "https://ecotrack.test",
    audience: "ecotrack",
    keys: { keys: [] },
    keySource: jwks,
    now: () => testTime * 1000,
  });
  return { state, jwks, verifier };
}

/** Two keys, with the ids "first" and "second". For tests only. */
export const createTestKeys = () =>
  Promise.all([createTestIssuer("ES256", { kid: "first" }), createTestIssuer("ES256", { kid: "second" })]);
