import type { SimulatedTime } from "../../testing/simulated-time.ts";
import type { Ledger } from "../ledger.ts";
import { ModelLedger } from "./model-ledger.ts";

const start = Date.UTC(2026, 10, 22, 12);
/** As `openRedis` has it. Milliseconds. */
const commandTimeoutMs = 1000;
/** A process that was not seen for so long has gone, as in `redis-ledger.ts`. Milliseconds. */
const presentMs = 5000;

/** Redis and the way to it, good days and bad ones, in simulated time. For tests only. */
export class SimulatedRedis {
  readonly model = new ModelLedger();
  /** One way; commands do not overtake each other. Milliseconds. */
  delayMs = 0.2;
  /** `hangs`: what comes is done when it answers again. `refuses`: says so. `gone`: there is no connection. */
  manner: "answers" | "hangs" | "refuses" | "gone" = "answers";
  #held: (() => void)[] = [];
  #seen = new Map<string, number>();

  constructor(private readonly time: SimulatedTime) {}

  /** It answers again, as it did before. */
  recover(): void {
    this.manner = "answers";
    for (const run of this.#held.splice(0)) run();
  }

  /** It comes back with nothing. */
  restart(): void {
    this.#held = [];
    this.#seen.clear();
    this.model.forget();
    this.recover();
  }

  ledger(id: string): Ledger {
    const isReady = () => this.manner !== "gone";
    return {
      get isReady() {
        return isReady();
      },
      exchange: (batch) => this.#send((at) => ({ at, grants: this.model.exchange(batch, at) })),
      announce: () => this.#send((at) => ({ at, processes: this.#see(id, at) })),
      leave: () => this.#send(() => void this.#seen.delete(id)),
    };
  }

  #see(id: string, at: number): number {
    this.#seen.set(id, at);
    return [...this.#seen.values()].filter((seen) => at - seen < presentMs).length;
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
      this.time.after(this.delayMs, () => {
        if (this.manner === "hangs") this.#held.push(execute);
        else if (this.manner === "gone") refuse();
        else execute();
      });
    });
  }
}
