import type { Timing } from "../timing.ts";
import type { Ledger, Presence, Step } from "./ledger.ts";
import { ProcessCount } from "./process-count.ts";

/** Signs of life, and attempts while Redis is away, are so far apart. Milliseconds, a quarter more or less. */
const presenceMs = 250;
const probeMs = 200;
/** A sign of life that has no answer after this means that Redis is away, also for a process that asks it nothing. Milliseconds. */
const missedMs = 250;

export interface MembershipOptions {
  readonly ledger: Ledger;
  readonly timing: Timing;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Processes that are expected, as long as Redis has not said how many there are. */
  readonly processes: number;
  /** A sign of life was answered. @param sentAt on this process's own clock */
  readonly onHeard: (at: number, sentAt: number, processes: number) => void;
  readonly onLost: () => void;
  /** Redis may have lost what this process was told: it is there again when this resolves. */
  readonly restore: () => Promise<void>;
  /** What was let in without Redis is told when this resolves. @returns whether it was */
  readonly tell: () => Promise<boolean>;
  /** All have told. */
  readonly onTogether: () => void;
}

/** Who shares the limits: signs of life, the loss of Redis, and the way back to it, which all processes go together. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #processes: ProcessCount;
  /** What calls off the next sign of life. */
  #endPresence: () => void;
  /** What it has done since Redis was away. */
  #step: Step = "told";
  /** All processes have. */
  #together = true;
  /** When Redis was back, on its clock. Milliseconds since the epoch. */
  #backAt = 0;
  /** Of the Redis that knows what this process was told. */
  #life: string | undefined;
  #closed = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#processes = new ProcessCount(options.processes);
    this.#endPresence = options.timing.after(0, () => void this.#announce());
  }

  /** Redis is away, or has not been told yet. */
  get isGone(): boolean {
    return this.#step !== "told";
  }

  get isTogether(): boolean {
    return this.#together;
  }

  /** That share the limits, this one included. */
  get processes(): number {
    return this.#processes.count;
  }

  lose(): void {
    this.#step = "lives";
    this.#together = false;
    this.#options.onLost();
  }

  close(): void {
    this.#closed = true;
    this.#endPresence();
  }

  async #announce(): Promise<void> {
    const { timing, ledger, random, onHeard } = this.#options;
    const sentAt = timing.now();
    const endMissing = this.#missAfter(missedMs);
    try {
      const presence = await ledger.announce(this.#step, this.#backAt);
      endMissing();
      onHeard(presence.at, sentAt, this.#processes.see(presence.processes, sentAt));
      this.#life ??= presence.life;
      if (presence.life !== this.#life) this.lose();
      if (!this.#together) await this.#comeBack(presence);
    } catch {
      endMissing();
      this.lose();
    }
    if (this.#closed) return;
    // Not all processes at the same time.
    const everyMs = (this.#together ? presenceMs : probeMs) * (0.75 + random() / 2);
    this.#endPresence = timing.after(everyMs, () => void this.#announce());
  }

  /** @returns what ends it */
  #missAfter(ms: number): () => void {
    const { timing } = this.#options;
    let isAwaited = true;
    const endTimer = timing.after(ms, () =>
      timing.afterReading(() => {
        if (isAwaited && !this.#closed) this.lose();
      }),
    );
    return () => {
      isAwaited = false;
      endTimer();
    };
  }

  /**
   * A step at each sign of life, while requests go on: what Redis has lost is there again, and only then added to; and it is
   * believed when all have added to it. Who is first would otherwise be given what others have used.
   */
  async #comeBack({ at, signed, life }: Presence): Promise<void> {
    const { restore, onTogether } = this.#options;
    if (this.#step === "lives") {
      this.#backAt = at;
      if (life === this.#life) await this.#tell();
      else {
        await restore();
        this.#life = life;
        this.#step = "restored";
      }
    } else if (signed >= this.#processes.count) {
      if (this.#step === "restored") await this.#tell();
      else {
        this.#together = true;
        onTogether();
      }
    }
  }

  async #tell(): Promise<void> {
    if (await this.#options.tell()) this.#step = "told";
  }
}
