/** A request that waits for Redis. */
export interface Ticket {
  readonly need: number;
  /** Nobody waits for it any longer. */
  abandoned: boolean;
  answered: boolean;
  granted: boolean;
  /** Where the slot of the last token it got ends. */
  end: number;
  /** Called once it is answered or there will be no answer. */
  done: () => void;
}

/** What a command told and asked. */
export interface Told {
  readonly owed: number;
  readonly need: number;
}

const noTickets: Ticket[] = [];

/**
 * What is still to be said to Redis of one key, and who waits to hear of it. `Account` is derived from it and does not
 * hold one: a process remembers 200,000 keys, and each stays one object.
 */
export class Correspondence {
  /** Let in, and not yet told to Redis. */
  owed = 0;
  /** Not used in time, to be given back. */
  back = 0;
  queued = false;
  /** Being told just now. */
  #telling = 0;
  /** Needed by requests that wait. */
  #awaited = 0;
  /** Commands under way that ask for it. */
  #asking = 0;
  #tickets: Ticket[] = noTickets;

  /** Let in, and perhaps not counted by Redis yet. */
  protected get uncounted(): number {
    return this.owed + this.#telling;
  }

  protected get awaited(): number {
    return this.#awaited;
  }

  protected get isAsking(): boolean {
    return this.#asking > 0;
  }

  /** A request waits. */
  await(ticket: Ticket): void {
    if (this.#tickets === noTickets) this.#tickets = [];
    this.#tickets.push(ticket);
    this.#awaited += ticket.need;
  }

  /** Takes out the requests that wait and have not been asked for; those that no longer wait are forgotten. */
  awaiting(): readonly Ticket[] {
    if (this.#tickets === noTickets) return noTickets;
    const tickets = this.#tickets;
    this.#tickets = noTickets;
    for (const { abandoned, need } of tickets) if (abandoned) this.#awaited -= need;
    return tickets.filter(({ abandoned }) => !abandoned);
  }

  /** Redis is away. */
  awaitNothing(): void {
    for (const ticket of this.#tickets) {
      ticket.abandoned = true;
      this.#awaited -= ticket.need;
    }
    this.#tickets = noTickets;
  }

  /** Takes out what is to be told and given back, for a command. */
  tell(): { readonly owed: number; readonly back: number } {
    const { owed, back } = this;
    this.owed = 0;
    this.back = 0;
    this.#telling += owed;
    this.#asking++;
    return { owed, back };
  }

  /** The command got no answer. What is owed stays owed; what was given back is not given back twice. */
  untold(told: Told): void {
    this.ended(told);
    this.owed += told.owed;
  }

  /** A command is over, with an answer or without. */
  protected ended({ owed, need }: Told): void {
    this.#telling -= owed;
    this.#awaited -= need;
    this.#asking--;
  }
}
