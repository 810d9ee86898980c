/**
 * What tokens cost: CPU µs for one that is known, one that is verified and ones that are refused, in turns on the same
 * machine; and bytes for each that is remembered.
 *
 *     bun mesh/identity/bench/tokens.ts [tokens per round] [rounds]
 */
import { randomBytes, randomUUID } from "node:crypto";
import { createTestIssuer, testTime } from "../test-issuer.ts";
import { TokenRefused } from "../token-refused.ts";
import { createTokenVerifier, type IssuerVerifier } from "../verify-token.ts";

const tokensPerRound = Number(process.argv[2] ?? 2000);
const rounds = Number(process.argv[3] ?? 7);
const issuer = await createTestIssuer();
const keys = { keys: [issuer.publicJwk] };
const verifier = (): IssuerVerifier =>
  createTokenVerifier({
    issuer: "https://ecotrack.test",
    audience: "ecotrack",
    keys,
    now: () => testTime * 1000,
  });

const claims = () => ({ sub: randomUUID(), sid: randomUUID(), jti: randomUUID() });
const good = await Promise.all(
  Array.from({ length: tokensPerRound }, () => issuer.sign({ claims: claims() })),
);
const body = (token: string) => token.slice(0, token.lastIndexOf("."));
const kinds: Record<string, readonly string[]> = {
  "verified, not known before": good,
  "refused: random signature": good.map((token) => `${body(token)}.${randomBytes(64).toString("base64url")}`),
  "refused: random key id": await Promise.all(
    good.map((_, nth) => issuer.sign({ claims: claims(), header: { kid: `made-up-${nth}` } })),
  ),
  "refused: unknown issuer": await Promise.all(
    good.map(() => issuer.sign({ claims: { ...claims(), iss: "https://x.test" } })),
  ),
  "refused: expired": await Promise.all(
    good.map(() => issuer.sign({ claims: { ...claims(), exp: testTime - 60 } })),
  ),
  "refused: random text": good.map(() => randomBytes(280).toString("base64url")),
};

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const known = verifier();
for (const token of good) await known.verify(token);
const costs = new Map<string, number[]>();
const note = (name: string, microseconds: number) =>
  costs.set(name, [...(costs.get(name) ?? []), microseconds]);

for (let round = -1; round < rounds; round++) {
  const started = cpu();
  // A fresh string each time, as a request brings it.
  for (const token of good)
    if (!known.recall(Buffer.from(token).toString())) throw new Error("A token was forgotten");
  if (round >= 0) note("known", (cpu() - started) / tokensPerRound);
  for (const [name, tokens] of Object.entries(kinds)) {
    const fresh = verifier();
    const before = cpu();
    for (const token of tokens) {
      const outcome = fresh.check(token);
      const settled = outcome instanceof Promise ? await outcome : outcome;
      if (settled instanceof TokenRefused === (tokens === good)) throw new Error(`${name}: not so`);
    }
    // The first round warms up.
    if (round >= 0) note(name, (cpu() - before) / tokensPerRound);
  }
}
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
console.log(`CPU µs each, median of ${rounds} rounds of ${tokensPerRound}`);
for (const [name, values] of costs) console.log(`${name.padEnd(28)} ${median(values).toFixed(1)}`);

const heap = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};
const many = 100_000;
const full = verifier();
const held = heap();
for (let nth = 0; nth < many; nth++) await full.verify(await issuer.sign({ claims: claims() }));
console.log(
  `\n${full.remembered()} remembered: ${((heap() - held) / many).toFixed(0)} bytes each (resident), reckoned ${(full.rememberedBytes() / many).toFixed(0)}`,
);
