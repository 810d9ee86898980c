import type { Redis } from "ioredis";
import type { Decision, Pace } from "./gcra.ts";
import type { LocalLimiter } from "./local-limiter.ts";

/**
 * The same reckoning as `gcra.ts`, in one step for all gateways and on the clock of Redis, for as many keys as there
 * are. Times in microseconds. Four numbers for each key: allowed, remaining, retry after, reset.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {}
for i, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[2 * i - 1])
  local burst = tonumber(ARGV[2 * i])
  local from = tonumber(redis.call('GET', key) or now)
  if from < now then from = now end
  local next = from + interval
  local early = next - burst * interval - now
  if early > 0 then
    answer[#answer + 1] = 0
    answer[#answer + 1] = 0
    answer[#answer + 1] = math.ceil(early)
    answer[#answer + 1] = math.ceil(from - now)
  else
    redis.call('SET', key, string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
    answer[#answer + 1] = 1
    answer[#answer + 1] = math.floor(-early / interval + 1e-9)
    answer[#answer + 1] = 0
    answer[#answer + 1] = math.ceil(next - now)
  end
end
return answer
`;

type WithScript = Redis & {
  gcra(keyCount: number, ...keysAndLimits: (string | number)[]): Promise<number[]>;
};

interface Question {
  readonly key: string;
  readonly limit: Pace;
  readonly askedAt: number;
  readonly resolve: (decision: Decision) => void;
}

/** Redis is left alone for this long after it was slow; then one request tries it again. */
const restMs = 1000;
const maxBatch = 200;

/**
 * Takes quota from a count in Redis that all gateways share. Where Redis is away, or takes longer than `patienceMs`,
 * the local limiter decides instead: a limit never turns into a 5xx, and never into a free-for-all.
 *
 * One command at a time is under way; what is asked meanwhile goes with the next one. So a lone request is asked for
 * at once, and a thousand share what a command costs, which is more than everything else a request costs here.
 */
export class CallPerRequest {
  readonly #redis: WithScript;
  #waiting: Question[] = [];
  #busy = false;
  #resting = false;
  #restingUntil = 0;

  constructor(
    redis: Redis,
    private readonly local: LocalLimiter,
    private readonly patienceMs = 50,
  ) {
    redis.defineCommand("gcra", { lua: script });
    this.#redis = redis as WithScript;
  }

  /** @param now milliseconds since the epoch, for the local decision */
  decide(key: string, limit: Pace, now: number): Decision | Promise<Decision> {
    if (this.#redis.status !== "ready") return this.local.decide(key, limit, now);
    if (this.#resting) {
      if (now < this.#restingUntil) return this.local.decide(key, limit, now);
      this.#restingUntil = now + restMs;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ key, limit, askedAt: now, resolve });
      if (this.#busy) return;
      this.#busy = true;
      // What arrives in this turn of the event loop goes along.
      queueMicrotask(() => this.#ask());
    });
  }

  #ask(): void {
    const batch = this.#waiting.length <= maxBatch ? this.#waiting : this.#waiting.slice(0, maxBatch);
    this.#waiting = batch === this.#waiting ? [] : this.#waiting.slice(maxBatch);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#rest(batch);
    }, this.patienceMs);
    const settle = (numbers?: number[]) => {
      clearTimeout(timer);
      if (late) return;
      if (numbers) tell(batch, numbers);
      else this.#decideLocally(batch);
      this.#resting = false;
      if (this.#waiting.length > 0) this.#ask();
      else this.#busy = false;
    };
    const limits = batch.flatMap(({ limit }) => [
      Math.max(1, Math.round(limit.intervalMs * 1000)),
      limit.burst,
    ]);
    const keys = batch.map(({ key }) => `limit:${key}`);
    this.#redis.gcra(keys.length, ...keys, ...limits).then(settle, () => settle());
  }

  /** Nobody waits longer, also not those who would have gone next. */
  #rest(batch: readonly Question[]): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#busy = false;
    this.#resting = true;
    this.#restingUntil = Date.now() + restMs;
    this.#decideLocally(batch);
    this.#decideLocally(waiting);
  }

  #decideLocally(batch: readonly Question[]): void {
    for (const { key, limit, askedAt, resolve } of batch) resolve(this.local.decide(key, limit, askedAt));
  }
}

function tell(batch: readonly Question[], numbers: readonly number[]): void {
  for (const [at, { resolve }] of batch.entries()) {
    const [allowed, remaining = 0, retryAfter = 0, reset = 0] = numbers.slice(at * 4, at * 4 + 4);
    resolve({
      allowed: allowed === 1,
      remaining,
      retryAfterMs: retryAfter / 1000,
      resetMs: reset / 1000,
      by: "shared",
    });
  }
}
