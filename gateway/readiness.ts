import type { Redis } from "ioredis";

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

const checkTimeoutMs = 1000;
/** A probe each second or so from several sides must not become load on user-service. */
const trustAnswerMs = 2000;

/**
 * The gateway is ready once it has seen the keys that tokens are signed with. When they cannot be fetched later, or
 * Redis is away, it goes on with what it has and says so. Upstreams do not count: the edge stays up while a service
 * behind it is down, for all the others.
 */
export function createReadiness({ redis, jwksUrl }: { redis: Redis; jwksUrl: string }): Readiness {
  let draining = false;
  let seenKeys = false;
  let keysThere = false;
  let askedAt = Number.NEGATIVE_INFINITY;

  async function checkKeys(): Promise<boolean> {
    if (performance.now() - askedAt < trustAnswerMs && keysThere) return true;
    try {
      const answer = await fetch(jwksUrl, { signal: AbortSignal.timeout(checkTimeoutMs) });
      const found: unknown = answer.ok ? await answer.json() : undefined;
      keysThere = typeof found === "object" && found !== null && "keys" in found && Array.isArray(found.keys);
    } catch {
      keysThere = false;
    }
    askedAt = performance.now();
    seenKeys ||= keysThere;
    return keysThere;
  }

  return {
    async ask() {
      if (draining) return { status: "draining" };
      const degraded = redis.status === "ready" ? [] : ["redis"];
      if (await checkKeys()) return { status: "ready", ...(degraded.length > 0 && { degraded }) };
      if (seenKeys) return { status: "ready", degraded: [...degraded, "jwks"] };
      return { status: "not-ready", failing: ["jwks"], ...(degraded.length > 0 && { degraded }) };
    },
    drain() {
      draining = true;
    },
  };
}
