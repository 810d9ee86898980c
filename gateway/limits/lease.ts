/** What is not used within this time is no longer used, and given back. Milliseconds. */
export const leaseMs = 1000;

/**
 * Tokens of one key that this process holds. A flow's token has a slot: the moment at which it would have been earned.
 * It may be spent up to then, and is lost afterwards, which is what makes leases exact (see decision 0015): so a row of
 * `count` tokens, `spacingMs` apart, that ends at `end` melts from its front. A quota's tokens (spacing 0) do not melt.
 * Two rows are enough: the next is asked for while one is still there. Times in ms on the clock of Redis.
 */
export class Lease {
  #count = 0;
  #end = 0;
  #until = 0;
  #nextCount = 0;
  #nextEnd = 0;
  #nextUntil = 0;

  /** Tokens that may be spent at `now`. */
  live(now: number, spacingMs: number): number {
    const first = liveOf(this.#count, this.#end, this.#until, now, spacingMs);
    return this.#nextCount === 0
      ? first
      : first + liveOf(this.#nextCount, this.#nextEnd, this.#nextUntil, now, spacingMs);
  }

  /** Whether another row can be taken in without loss. */
  hasRoom(): boolean {
    return this.#nextCount === 0;
  }

  isEmpty(): boolean {
    return this.#count === 0 && this.#nextCount === 0;
  }

  /** At most what is live. The oldest go first. */
  spend(count: number, now: number, spacingMs: number): void {
    const first = liveOf(this.#count, this.#end, this.#until, now, spacingMs);
    if (first > count || this.#nextCount === 0) {
      this.#count = Math.max(0, first - count);
      return;
    }
    const next = liveOf(this.#nextCount, this.#nextEnd, this.#nextUntil, now, spacingMs);
    this.#count = Math.max(0, next - (count - first));
    this.#end = this.#nextEnd;
    this.#until = this.#nextUntil;
    this.#nextCount = 0;
  }

  /** @param end where the slot of the last one ends */
  add(count: number, end: number, until: number, spacingMs: number): void {
    if (this.#count === 0) {
      this.#count = count;
      this.#end = end;
      this.#until = until;
    } else if (this.#nextCount === 0) {
      this.#nextCount = count;
      this.#nextEnd = end;
      this.#nextUntil = until;
    } else {
      // As if they followed the second row at once: earlier than their own slots, so never too many.
      this.#nextCount += count;
      this.#nextEnd = Math.min(end, this.#nextEnd + count * spacingMs);
    }
  }

  /** Takes out what was not used in time, and tells how many of it could have been used still: those are given back. */
  expire(now: number, spacingMs: number): number {
    let back = 0;
    if (this.#nextCount > 0 && this.#nextUntil <= now) {
      back += meltedTo(this.#nextCount, this.#nextEnd, now, spacingMs);
      this.#nextCount = 0;
    }
    if (this.#count > 0 && this.#until <= now) {
      back += meltedTo(this.#count, this.#end, now, spacingMs);
      this.#count = this.#nextCount;
      this.#end = this.#nextEnd;
      this.#until = this.#nextUntil;
      this.#nextCount = 0;
    }
    return back;
  }

  /** Takes out everything, as `expire` does. */
  empty(now: number, spacingMs: number): number {
    this.#until = 0;
    this.#nextUntil = 0;
    return this.expire(now, spacingMs);
  }
}

function liveOf(count: number, end: number, until: number, now: number, spacingMs: number): number {
  return count === 0 || now >= until ? 0 : meltedTo(count, end, now, spacingMs);
}

function meltedTo(count: number, end: number, now: number, spacingMs: number): number {
  if (spacingMs === 0) return count;
  const left = Math.floor((end - now) / spacingMs + 1e-6);
  return left >= count ? count : Math.max(0, left);
}
