import type { Step } from "../ledger.ts";
import type { Ask, Grant } from "../ledger-queue.ts";
import type { Limit } from "../limit.ts";
import { Limiter, type Waiting } from "../limiter.ts";
import { ModelLedger } from "./model-ledger.ts";
import { ModelPresence } from "./model-presence.ts";

export interface SimulatedRequest {
  /** Milliseconds from the start. */
  readonly at: number;
  readonly process: number;
  readonly cost?: number;
  readonly key?: string;
}

interface Absence {
  readonly from: number;
  readonly to: number;
  /** It comes back without its data. */
  readonly empty?: boolean;
  /** By so much later the nth process finds it again. */
  readonly later?: readonly number[];
}

export interface SimulationOptions {
  readonly limit: Limit;
  readonly processes: number;
  /** One way, each command; the answer takes as long. Milliseconds. */
  readonly delayMs?: (random: number) => number;
  /** Redis does not answer in these spans. */
  readonly away?: readonly Absence[];
}

export interface Admitted {
  readonly at: number;
  readonly process: number;
  readonly cost: number;
  readonly key: string;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const gatherMs = 20;
const patienceMs = 3;
const probeMs = 200;
const start = Date.UTC(2026, 10, 22, 12);

/**
 * Gateways that share one limit, in simulated time: the real limiter with a model of Redis, its delays and its absences.
 * What `LeasedLimiter` does with timers and a connection is done here with events. For tests only.
 */
export class Simulation {
  readonly ledger = new ModelLedger();
  readonly presence = new ModelPresence();
  readonly admitted: Admitted[] = [];
  readonly processes: SimulatedProcess[];
  now = start;
  #events: Event[] = [];
  #order = 0;
  #random = 1;
  #running = false;
  #end = 0;

  constructor(readonly options: SimulationOptions) {
    this.processes = Array.from({ length: options.processes }, (_, id) => new SimulatedProcess(this, id));
  }

  run(requests: readonly SimulatedRequest[]): readonly Admitted[] {
    for (const request of requests)
      this.after(request.at, () => this.processes[request.process]?.ask(request));
    for (const { to, empty, later } of this.options.away ?? [])
      this.after(to, () => {
        if (empty) {
          this.ledger.forget();
          this.presence.restart();
        }
        for (const process of this.processes)
          this.after(later?.[process.id] ?? process.id * 50, () => process.findAgain());
      });
    const end = Math.max(0, ...requests.map(({ at }) => at));
    this.#end = start + end + 3000;
    for (let at = 0; at < end + 3000; at += 250)
      this.after(at, () => {
        for (const process of this.processes) process.sweep();
      });
    this.#running = true;
    this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
    for (let event = this.#events.shift(); event; event = this.#events.shift()) {
      this.now = event.at;
      event.run();
    }
    return this.admitted.map((each) => ({ ...each, at: each.at - start })).sort((a, b) => a.at - b.at);
  }

  after(delayMs: number, run: () => void): void {
    const event = { at: this.now + delayMs, order: this.#order++, run };
    let place = this.#events.length;
    // While it is filled it is sorted once; afterwards an event is put where it belongs.
    if (this.#running) {
      let low = 0;
      for (let high = place; low < high; ) {
        const middle = (low + high) >> 1;
        if ((this.#events[middle]?.at ?? 0) <= event.at) low = middle + 1;
        else high = middle;
      }
      place = low;
    }
    this.#events.splice(place, 0, event);
  }

  delay(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.options.delayMs?.(this.#random / 2_147_483_647) ?? 0.2 + this.#random / 2_147_483_647;
  }

  /** Nothing is asked any more. */
  isOver(): boolean {
    return this.now >= this.#end;
  }

  isAwayFor(process: number): boolean {
    const at = this.now - start;
    const { away = [] } = this.options;
    return away.some(({ from, to, later }) => at >= from && at < to + (later?.[process] ?? 0));
  }
}

class SimulatedProcess {
  readonly limiter = new Limiter();
  #underWay = 0;
  #arrives = 0;
  #returns = 0;
  #planned = false;
  #step: Step = "told";
  #together = true;
  #backAt = 0;
  #life: string;
  #probing = false;
  #waits = new Map<Waiting, SimulatedRequest>();

  constructor(
    private readonly simulation: Simulation,
    readonly id: number,
  ) {
    this.limiter.around.processes = simulation.options.processes;
    this.#life = simulation.presence.life;
  }

  get #gone(): boolean {
    return this.#step !== "told";
  }

  ask(request: SimulatedRequest): void {
    const { simulation, limiter } = this;
    const { limit } = simulation.options;
    const account = limiter.account(limit, limit.rate, request.key ?? "caller", simulation.now);
    const standing = limiter.decide([account], request.cost ?? 1, simulation.now);
    if (standing === "allowed") this.#admit(request);
    else if ("tickets" in standing) this.#wait(standing, request);
    if (limiter.queue.length > 0) this.#plan(gatherMs);
  }

  sweep(): void {
    this.limiter.queue.sweep(this.simulation.now);
    this.#plan(gatherMs);
    if (this.#together && !this.simulation.isAwayFor(this.id)) this.#sign();
  }

  /** As the next sign of life does. */
  findAgain(): void {
    const { simulation, limiter } = this;
    if (this.#probing || simulation.isOver()) return;
    if (!simulation.isAwayFor(this.id)) this.#comeBack();
    if (this.#together) {
      limiter.around.joinOthers();
      this.#plan(gatherMs);
      return;
    }
    this.#probing = true;
    simulation.after(probeMs, () => {
      this.#probing = false;
      this.findAgain();
    });
  }

  #sign(): number {
    const { presence, now } = this.simulation;
    return presence.sign(String(this.id), this.#step, this.#backAt, now).signed;
  }

  /** As in `LeasedLimiter`, but that it takes no time. */
  #comeBack(): void {
    const { ledger, presence, now, options } = this.simulation;
    const signed = this.#sign();
    if (presence.life !== this.#life) this.#lose();
    if (this.#together) return;
    if (this.#step === "lives") {
      this.#backAt = now;
      if (presence.life === this.#life) this.#tell();
      else {
        ledger.restore(this.limiter.restorable(now));
        this.#life = presence.life;
        this.#step = "restored";
      }
    } else if (signed >= options.processes) {
      if (this.#step === "restored") this.#tell();
      else {
        this.#together = true;
        this.limiter.around.telling = false;
      }
    }
  }

  #tell(): void {
    const { ledger, now } = this.simulation;
    const { queue, around } = this.limiter;
    around.telling = true;
    this.limiter.recover(now);
    const batch = queue.takeBatch(Number.POSITIVE_INFINITY, now, around);
    queue.apply(batch, ledger.exchange(batch, now), now);
    this.#step = "told";
  }

  #lose(): void {
    this.#step = "lives";
    this.#together = false;
    this.limiter.around.leaveAlone(this.simulation.now);
    this.limiter.around.telling = false;
    this.limiter.queue.clear();
    for (const waiting of this.#waits.keys()) this.#settle(waiting);
  }

  #wait(waiting: Waiting, request: SimulatedRequest): void {
    this.#waits.set(waiting, request);
    for (const ticket of waiting.tickets) if (ticket) ticket.done = () => this.#settle(waiting);
    this.simulation.after(patienceMs, () => {
      if (!this.#waits.has(waiting)) return;
      this.limiter.around.leaveAlone(this.simulation.now);
      this.#settle(waiting);
    });
    this.#plan(0);
  }

  #settle(waiting: Waiting): void {
    const request = this.#waits.get(waiting);
    if (!request || !this.#waits.delete(waiting)) return;
    if (this.limiter.settle(waiting, this.simulation.now) === "allowed") this.#admit(request);
  }

  #admit({ process, cost = 1, key = "caller" }: SimulatedRequest): void {
    this.simulation.admitted.push({ at: this.simulation.now, process, cost, key });
  }

  #plan(delayMs: number): void {
    if (this.#gone || (this.#planned && delayMs > 0)) return;
    this.#planned = true;
    this.simulation.after(delayMs, () => this.#flush());
  }

  #flush(): void {
    this.#planned = false;
    const { limiter, simulation } = this;
    if (this.#underWay >= 16 || this.#gone || limiter.queue.length === 0) return;
    if (simulation.presence.life !== this.#life) {
      // The connection was lost.
      this.#lose();
      simulation.after(probeMs, () => this.findAgain());
      return;
    }
    const batch = limiter.queue.takeBatch(200, simulation.now, limiter.around);
    if (batch.length === 0) return;
    const sentAt = simulation.now;
    const { life } = simulation.presence;
    this.#underWay++;
    // One connection: commands and answers do not overtake each other.
    this.#arrives = Math.max(this.#arrives, sentAt + simulation.delay());
    simulation.after(this.#arrives - sentAt, () => {
      // A restart ends the connection.
      const lost = simulation.isAwayFor(this.id) || life !== simulation.presence.life;
      const grants = lost ? undefined : simulation.ledger.exchange(batch, simulation.now);
      this.#returns = Math.max(this.#returns, simulation.now + (grants ? simulation.delay() : 10));
      simulation.after(this.#returns - simulation.now, () => this.#answered(batch, grants, sentAt));
    });
  }

  #answered(batch: readonly Ask[], grants: readonly Grant[] | undefined, sentAt: number): void {
    const { limiter, simulation } = this;
    this.#underWay--;
    if (grants) {
      if (this.#together && simulation.now - sentAt <= 5) limiter.around.joinOthers();
      limiter.queue.apply(batch, grants, simulation.now, this.#together);
      if (limiter.queue.length > 0) this.#plan(this.#waits.size > 0 ? 0 : gatherMs);
      return;
    }
    limiter.queue.fail(batch);
    this.#lose();
    simulation.after(probeMs, () => this.findAgain());
  }
}
