import type { SimulatedTime } from "../../testing/simulated-time.ts";
import type { Ledger } from "../ledger.ts";
import { ModelLedger } from "./model-ledger.ts";
import { ModelPresence } from "./model-presence.ts";

const start = Date.UTC(2026, 10, 22, 12);
/** As `openRedis` has it. Milliseconds. */
const commandTimeoutMs = 1000;

/** Redis and the way to it, good days and bad ones, in simulated time. For tests only. */
export class SimulatedRedis {
  readonly model = new ModelLedger();
  /** One way; commands do not overtake each other. Milliseconds. */
  delayMs = 0.2;
  /** `hangs`: what comes is done when it answers again. `refuses`: says so. `gone`: there is no connection. */
  manner: "answers" | "hangs" | "refuses" | "gone" = "answers";
  /** Processes whose connections do not come back yet. */
  readonly cut = new Set<string>();
  #held: (() => void)[] = [];
  #presence = new ModelPresence();

  constructor(private readonly time: SimulatedTime) {}

  /** It answers again, as it did before. */
  recover(): void {
    this.manner = "answers";
    for (const run of this.#held.splice(0)) run();
  }

  /** It comes back with nothing. */
  restart(): void {
    this.#held = [];
    this.#presence.restart();
    this.model.forget();
    this.recover();
  }

  ledger(id: string): Ledger {
    // A restart ends the connection, as in `redis-ledger.ts`.
    let sureOf = this.#presence.life;
    const isReady = () => this.manner !== "gone" && !this.cut.has(id) && sureOf === this.#presence.life;
    return {
      get isReady() {
        return isReady();
      },
      exchange: (batch) => this.#send((at) => ({ at, grants: this.model.exchange(batch, at) })),
      restore: (accounts) => this.#send(() => this.model.restore(accounts)),
      announce: async (step, since) => {
        if (this.cut.has(id)) throw new Error("No connection");
        const presence = await this.#send((at) => this.#presence.sign(id, step, since, at));
        sureOf = presence.life;
        return presence;
      },
      leave: () => this.#send(() => this.#presence.leave(id)),
    };
  }

  #send<T>(run: (at: number) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new Error(`Redis ${this.manner}`));
      if (this.manner === "gone") {
        refuse();
        return;
      }
      this.time.after(commandTimeoutMs, () => reject(new Error("Command timed out")));
      const execute = () => {
        if (this.manner === "refuses") this.time.after(this.delayMs, refuse);
        else {
          const result = run(start + this.time.now());
          this.time.after(this.delayMs, () => resolve(result));
        }
      };
      const { life } = this.#presence;
      this.time.after(this.delayMs, () => {
        if (life !== this.#presence.life) refuse();
        else if (this.manner === "hangs") this.#held.push(execute);
        else if (this.manner === "gone") refuse();
        else execute();
      });
    });
  }
}
