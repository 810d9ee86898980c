import { Gauge } from "prom-client";
import type { Revocations } from "#mesh/identity/revocations";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import type { Metrics } from "#observability/metrics";
import type { ApiKeys } from "./api-keys/api-keys.ts";

/** What is held to know callers by, and how old the issuers' keys are; read at each scrape. */
export function measureIdentity(
  metrics: Metrics,
  {
    verifier,
    revocations,
    apiKeys,
  }: {
    /** Of the configuration of now. */
    verifier: () => TokenVerifier;
    revocations: Revocations;
    apiKeys: ApiKeys | undefined;
  },
): void {
  metrics.gauge("gateway_tokens_remembered", "Verified tokens in memory", [], () => verifier().remembered());
  metrics.gauge("gateway_tokens_remembered_bytes", "About what they take", [], () =>
    verifier().rememberedBytes(),
  );
  metrics.gauge("gateway_revocations", "Revocations that hold", [], () => revocations.size());
  if (apiKeys)
    metrics.gauge("gateway_api_keys_remembered", "API keys in memory", [], () => apiKeys.remembered());
  new Gauge({
    name: "gateway_jwks_age_seconds",
    help: "Since an issuer's keys were last fetched",
    labelNames: ["issuer"],
    registers: [metrics.registry],
    collect() {
      this.reset();
      for (const { issuer, state } of verifier().keyStates()) this.set({ issuer }, state.ageSeconds);
    },
  });
  new Gauge({
    name: "gateway_jwks_stale",
    help: "1 while an issuer's keys should be fetched again and cannot be",
    labelNames: ["issuer"],
    registers: [metrics.registry],
    collect() {
      this.reset();
      for (const { issuer, state } of verifier().keyStates()) this.set({ issuer }, state.stale ? 1 : 0);
    },
  });
}
