import type { Redis } from "ioredis";
import type { TokenVerifier } from "#mesh/identity/verify-token";

export interface ReadinessState {
  readonly status: "ready" | "not-ready" | "draining";
  /** Without these nothing useful can be served. */
  readonly failing?: readonly string[];
  /** Without these it serves, but not as it should. */
  readonly degraded?: readonly string[];
}

export interface Readiness {
  ask(): Promise<ReadinessState>;
  /** From now on: not ready, send no more. */
  drain(): void;
}

/** A probe is answered in time, keys or not. */
const patienceMs = 1000;

/**
 * The gateway is ready once it has the keys of an issuer. Where they cannot be fetched again later, those of a further
 * issuer are missing, or Redis is away, or gateway.yaml has a mistake, it goes on with what it has and says so. Upstreams do not count: the edge stays
 * up while a service behind it is down, for all the others.
 * @param verifier of the configuration of now
 * @param fileRefused whether gateway.yaml has a mistake, so that an older one runs
 */
export function createReadiness({
  redis,
  verifier,
  fileRefused,
}: {
  redis: Pick<Redis, "status">;
  verifier: () => Pick<TokenVerifier, "warm" | "keyStates">;
  fileRefused: () => boolean;
}): Readiness {
  let draining = false;
  return {
    async ask() {
      if (draining) return { status: "draining" };
      const { warm, keyStates } = verifier();
      const states = () => keyStates().map(({ state }) => state);
      if (states().some(({ keys }) => keys === 0)) await within(patienceMs, warm());
      const degraded = redis.status === "ready" ? [] : ["redis"];
      if (fileRefused()) degraded.push("gateway.yaml");
      const issuers = states();
      const missing = issuers.filter(({ keys }) => keys === 0).length;
      if (missing > 0 && missing === issuers.length)
        return { status: "not-ready", failing: ["jwks"], ...(degraded.length > 0 && { degraded }) };
      if (missing > 0 || issuers.some(({ stale }) => stale)) degraded.push("jwks");
      return { status: "ready", ...(degraded.length > 0 && { degraded }) };
    },
    drain() {
      draining = true;
    },
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
