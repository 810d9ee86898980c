import type { Log } from "#observability/log";
import { type BusFigures, busFigures, type HouseFigures, houseFigures } from "./house-figures.ts";
import type { RequestFigures } from "./request-figures.ts";
import { RingBuffer } from "./ring-buffer.ts";
import { readSetAside, type SetAside } from "./set-aside.ts";
import { type Ask, askOf, type ProcessState, type WatchedProcess, watchProcess } from "./watch-process.ts";

export interface Mail {
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly receivedAt: string;
}

/** Everything that is asked for and does not come by itself. */
export interface HouseState {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly processes: readonly ProcessState[];
  readonly figures: HouseFigures;
  /** What the gateway did, from the oldest to now. */
  readonly traffic: readonly (RequestFigures & { readonly at: number })[];
  readonly bus: readonly BusFigures[];
  readonly setAside: readonly SetAside[];
  /** Why it is not known what was set aside. */
  readonly setAsideUnknown?: string;
  readonly mails: readonly Mail[];
}

export interface HouseWatchOptions {
  readonly processes: readonly WatchedProcess[];
  readonly databaseUrls: Readonly<Record<string, string>>;
  readonly mailboxUrl?: string | undefined;
  readonly versionOf: (process: string) => string | undefined;
  readonly log: Log;
  readonly ask?: Ask;
  readonly now?: () => number;
}

export interface HouseWatch {
  readonly state: HouseState;
  /** Asks everybody once. Never throws. */
  look(): Promise<void>;
}

const mails = 8;
/** Five minutes, at one look in two seconds. */
const looksKept = 150;

export function watchHouse(options: HouseWatchOptions): HouseWatch {
  const { databaseUrls, mailboxUrl, versionOf, log, ask = askOf, now = Date.now } = options;
  const order: readonly WatchedProcess["kind"][] = ["gateway", "service", "helper"];
  const inOrder = options.processes.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const watches = inOrder.map((each) => watchProcess(each, { ask, now }));
  const traffic = new RingBuffer<RequestFigures & { at: number }>(looksKept);
  let aside: Pick<HouseState, "setAside" | "setAsideUnknown"> = { setAside: [] };
  let asking = false;
  let state = stateNow([]);

  function stateNow(newMails: readonly Mail[]): HouseState {
    const samples = watches.map((each) => each.samples);
    const named = watches.map((each) => busFigures(each.state.name, each.samples));
    return {
      at: now(),
      processes: watches.map((each) => withVersion(each.state, versionOf)),
      figures: houseFigures(samples),
      traffic: traffic.last(looksKept),
      bus: named.filter((each) => each !== undefined),
      ...aside,
      mails: newMails,
    };
  }

  async function look(): Promise<void> {
    const [newMails] = await Promise.all([readMails(), ...watches.map((each) => each.look())]);
    const edge = watches.find((each) => each.state.kind === "gateway");
    if (edge?.state.figures) traffic.add({ at: now(), ...edge.state.figures });
    state = stateNow(newMails);
    // A database that hangs does not hold up the rest.
    if (!asking) {
      asking = true;
      void lookAside(state.bus).finally(() => {
        asking = false;
      });
    }
  }

  async function lookAside(bus: readonly BusFigures[]): Promise<void> {
    const having = bus.filter(({ deadLetters }) => deadLetters > 0);
    const found = having.flatMap(({ service }) => {
      const url = databaseUrls[service.replace(/-service$/, "")];
      return url === undefined ? [] : [readSetAside(service, url, log)];
    });
    try {
      aside = { setAside: (await Promise.all(found)).flat() };
    } catch (error) {
      aside = { setAside: [], setAsideUnknown: `The database does not tell: ${(error as Error).message}` };
    }
  }

  async function readMails(): Promise<Mail[]> {
    if (mailboxUrl === undefined) return [];
    const answer = await ask(`${mailboxUrl}/api/messages?brief&limit=${mails}`);
    try {
      return answer?.ok ? (JSON.parse(answer.text) as Mail[]) : [];
    } catch {
      return [];
    }
  }

  return {
    get state() {
      return state;
    },
    look,
  };
}

function withVersion(state: ProcessState, versionOf: HouseWatchOptions["versionOf"]): ProcessState {
  const version = state.version ?? versionOf(state.name);
  return version === undefined ? state : { ...state, version };
}
