import { createHmac, randomUUID } from "node:crypto";

export interface WebhookSenderOptions {
  /** Where events go; nothing is sent without it. */
  readonly url: string | undefined;
  /** The signature of a payload, made again for each attempt, as the time is part of it. */
  readonly headers: (payload: string) => Record<string, string>;
  /** Wait before the second attempt, in milliseconds; it doubles from there to at most a minute. */
  readonly backoffMs: number;
  /** Told of each event that has to be delivered, before anything else happens, and when it is done with. */
  readonly changed: (change: WebhookChange) => void;
}

/** An event that nobody took yet. */
export interface Undelivered {
  readonly id: string;
  readonly to: "stripe" | "paypal";
  /** The event's JSON. */
  readonly payload: string;
}

export interface WebhookChange {
  readonly undelivered?: readonly Undelivered[];
  /** Ids of those that were delivered or given up. */
  readonly delivered?: readonly string[];
}

interface Delivery extends Undelivered {
  attempt: number;
}

const attempts = 12;
const atOnce = 16;
const longestWaitMs = 60_000;
const deadlineMs = 10_000;

/** Delivers signed events as the providers do: at least once, in no promised order, again with backoff until a 2xx. */
export class WebhookSender {
  delivered = 0;
  failed = 0;
  readonly #waiting: Delivery[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #open = new Map<string, Undelivered>();
  #active = 0;
  #closed = false;

  constructor(
    private readonly to: Undelivered["to"],
    private readonly options: WebhookSenderOptions,
  ) {}

  /** What the next run has to deliver. */
  get undelivered(): readonly Undelivered[] {
    return [...this.#open.values()];
  }

  /** Deliveries that are under way, in line, or between two attempts. */
  get pending(): number {
    return this.#active + this.#waiting.length + this.#timers.size;
  }

  /** @param payload the event's JSON */
  send(payload: string, afterMs: number): void {
    if (this.options.url === undefined) return;
    const made = { id: randomUUID(), to: this.to, payload };
    this.options.changed({ undelivered: [made] });
    this.resend(made, afterMs);
  }

  /** What an earlier run did not deliver. */
  resend(made: Undelivered, afterMs: number): void {
    this.#open.set(made.id, made);
    this.#schedule({ ...made, attempt: 1 }, afterMs);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.length = 0;
  }

  #schedule(delivery: Delivery, afterMs: number): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#active >= atOnce) this.#waiting.push(delivery);
      else void this.#deliver(delivery);
    }, afterMs);
    this.#timers.add(timer);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    this.#active++;
    const taken = await this.#post(delivery.payload);
    this.#active--;
    if (taken) this.delivered++;
    else if (delivery.attempt >= attempts) this.failed++;
    if (taken || delivery.attempt >= attempts) {
      this.#open.delete(delivery.id);
      this.options.changed({ delivered: [delivery.id] });
    } else {
      const wait = Math.min(this.options.backoffMs * 2 ** (delivery.attempt - 1), longestWaitMs);
      delivery.attempt++;
      this.#schedule(delivery, wait);
    }
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#deliver(next);
  }

  async #post(payload: string): Promise<boolean> {
    try {
      const response = await fetch(this.options.url ?? "", {
        method: "POST",
        headers: {
          "content-type": "application/json; charset=utf-8",
          ...this.options.headers(payload),
        },
        body: payload,
        signal: AbortSignal.timeout(deadlineMs),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** `Stripe-Signature` for a payload. https://docs.stripe.com/webhooks/signature */
export function signatureHeader(payload: string, secret: string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  const signature = createHmac("sha256", secret).update(`${seconds}.${payload}`).digest("hex");
  return `t=${seconds},v1=${signature}`;
}
