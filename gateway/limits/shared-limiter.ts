import type { Redis } from "ioredis";
import type { Decision, Limit } from "./gcra.ts";
import type { LocalLimiter } from "./local-limiter.ts";

/** The same reckoning as `gcra.ts`, in one step for all gateways and on the clock of Redis. Times in microseconds. */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local from = tonumber(redis.call('GET', KEYS[1]) or now)
if from < now then from = now end
local next = from + interval
local early = next - burst * interval - now
if early > 0 then return {0, 0, math.ceil(early), math.ceil(from - now)} end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor(-early / interval + 1e-9), 0, math.ceil(next - now)}
`;

type WithScript = Redis & {
  gcra(key: string, intervalMicroseconds: number, burst: number): Promise<[number, number, number, number]>;
};

/** Redis is left alone for this long after it was slow; then one request tries it again. */
const restMs = 1000;

/**
 * Takes quota from a count in Redis that all gateways share. Where Redis is away, or takes longer than `patienceMs`,
 * the local limiter decides instead: a limit never turns into a 5xx, and never into a free-for-all.
 */
export class SharedLimiter {
  readonly #redis: WithScript;
  #restingUntil = 0;
  #resting = false;

  constructor(
    redis: Redis,
    private readonly local: LocalLimiter,
    private readonly patienceMs = 50,
  ) {
    redis.defineCommand("gcra", { numberOfKeys: 1, lua: script });
    this.#redis = redis as WithScript;
  }

  /** @param now milliseconds since the epoch, for the local decision */
  decide(key: string, limit: Limit, now: number): Decision | Promise<Decision> {
    if (this.#redis.status !== "ready") return this.local.decide(key, limit, now);
    if (this.#resting) {
      if (now < this.#restingUntil) return this.local.decide(key, limit, now);
      this.#restingUntil = now + restMs;
    }
    return this.#ask(key, limit, now);
  }

  #ask(key: string, limit: Limit, now: number): Promise<Decision> {
    return new Promise((resolve) => {
      let late = false;
      const giveUp = () => {
        late = true;
        this.#resting = true;
        this.#restingUntil = now + restMs;
        resolve(this.local.decide(key, limit, now));
      };
      const timer = setTimeout(giveUp, this.patienceMs);
      this.#redis.gcra(`limit:${key}`, Math.max(1, Math.round(limit.intervalMs * 1000)), limit.burst).then(
        ([allowed, remaining, retryAfter, reset]) => {
          clearTimeout(timer);
          if (late) return;
          this.#resting = false;
          resolve({
            allowed: allowed === 1,
            remaining,
            retryAfterMs: retryAfter / 1000,
            resetMs: reset / 1000,
            by: "shared",
          });
        },
        () => {
          clearTimeout(timer);
          if (!late) resolve(this.local.decide(key, limit, now));
        },
      );
    });
  }
}
