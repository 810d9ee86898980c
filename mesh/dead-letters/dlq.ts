import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "../postgres/sql.ts";
import {
  type DeadLetter,
  type DeadLetterQuery,
  isInOutbox,
  readDeadLetters,
  requestReplay,
} from "./dead-letter-store.ts";
import type { DlqOptions } from "./dlq-options.ts";

export interface DlqStore {
  readonly service: string;
  readonly sql: Sql;
}

interface Found extends DeadLetter {
  readonly store: DlqStore;
}

export interface DlqRun {
  readonly stores: readonly DlqStore[];
  readonly line: (text: string) => void;
  /** How long to wait for the service to try the events of a page. */
  readonly withinMs?: number;
  readonly page?: number;
}

/** How many are held in memory, and tried again at once; it goes on with the next ones. */
const pageSize = 500;

/** Carries out one command. @returns whether all went well */
export async function dlq(
  options: DlqOptions,
  { stores, line, withinMs = 15_000, page = pageSize }: DlqRun,
): Promise<boolean> {
  const { command, id } = options;
  const replayed = options.replayed || id !== undefined;
  const wanted = { id, replayed, limit: page };
  let seen = 0;
  let waiting = 0;
  let good = true;
  for await (const letters of pagesOf(stores, wanted)) {
    seen += letters.length;
    waiting += letters.filter(waits).length;
    if (command === "show") for (const letter of letters) show(letter, line);
    else if (command === "list") for (const letter of letters) line(inOneLine(letter));
    else if (options.dryRun) for (const letter of letters) line(`would replay ${inOneLine(letter)}`);
    else {
      const outcome = await replay(letters, line, withinMs);
      good &&= outcome === "good";
      // Nobody is there who would take up the next ones.
      if (outcome === "not-taken-up") break;
    }
  }
  if (seen === 0) {
    line(id === undefined ? "No event is set aside" : `No event ${id} is set aside`);
    return id === undefined;
  }
  if (command === "list") line(count(seen));
  else if (command === "replay" && options.dryRun) {
    line(`Nothing was changed; ${count(waiting)} would be replayed`);
  }
  return good;
}

/** All that are wanted, store by store, a page at a time. */
async function* pagesOf(
  stores: readonly DlqStore[],
  wanted: Omit<DeadLetterQuery, "after">,
): AsyncIterable<Found[]> {
  for (const store of stores) {
    let after: DeadLetter | undefined;
    do {
      const letters = await readDeadLetters(store.sql, { ...wanted, after });
      if (letters.length > 0) yield letters.map((letter): Found => ({ ...letter, store }));
      after = letters.length === wanted.limit ? letters.at(-1) : undefined;
    } while (after);
  }
}

const waits = ({ replayedAt }: DeadLetter) => replayedAt === null;
const count = (events: number) => (events === 1 ? "1 event" : `${events} events`);

function stateOf({ replayedAt, replayRequestedAt }: DeadLetter): string {
  if (replayedAt) return `replayed ${replayedAt.toISOString()}`;
  return replayRequestedAt ? "replay is asked for" : "waits";
}

const typeOf = ({ payload }: DeadLetter) => /"type"\s*:\s*"([^"]+)"/.exec(payload)?.[1] ?? "no event";
const short = (text: string) => (text.length > 160 ? `${text.slice(0, 160)} …` : text).replaceAll("\n", " ");

const inOneLine = (letter: Found) =>
  `${letter.eventId}  ${letter.store.service} ${letter.origin}  ${typeOf(letter)}  ${stateOf(letter)}: ${short(letter.reason)}`;

function show(letter: Found, line: DlqRun["line"]): void {
  const { eventId, store, origin, topic, key, reason, attempts, diedAt, payload } = letter;
  line(`event     ${eventId}  ${typeOf(letter)}`);
  line(`where     ${origin} of ${store.service}, topic ${topic}, key ${key}`);
  line(
    `state     ${stateOf(letter)}; set aside ${diedAt.toISOString()} after ${count(attempts).replace("event", "attempt")}`,
  );
  line(`reason    ${reason}`);
  line(
    payload.length > 20_000
      ? `${payload.slice(0, 20_000)} … (${payload.length} characters)`
      : pretty(payload),
  );
}

function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}

type Replayed = "good" | "failed" | "not-taken-up";

async function replay(found: readonly Found[], line: DlqRun["line"], withinMs: number): Promise<Replayed> {
  for (const letter of found) {
    if (waits(letter)) await requestReplay(letter.store.sql, letter);
    else line(`${letter.eventId} was replayed before: nothing is done`);
  }
  const deadline = Date.now() + withinMs;
  const outcomes = await Promise.all(found.filter(waits).map((letter) => outcomeOf(letter, deadline)));
  for (const { text } of outcomes) line(text);
  if (outcomes.some(({ pending }) => pending)) return "not-taken-up";
  return outcomes.every(({ good }) => good) ? "good" : "failed";
}

interface Outcome {
  readonly good: boolean;
  readonly text: string;
  /** The service has not tried it. */
  readonly pending?: true;
}

async function outcomeOf(letter: Found, deadline: number): Promise<Outcome> {
  for (;;) {
    const outcome = await readOutcome(letter);
    if (outcome) return outcome;
    if (Date.now() > deadline) {
      const text = `${letter.eventId}: ${letter.store.service} did not take it up yet. Does it run? It will when it does.`;
      return { good: false, text, pending: true };
    }
    await sleep(200);
  }
}

/** What came of the replay, once something has. */
async function readOutcome({
  eventId,
  origin,
  store: { sql, service },
}: Found): Promise<Outcome | undefined> {
  // Asked first: what leaves the outbox after that, because the bus refused it again, must not count as published.
  const waiting = origin === "outbox" && (await isInOutbox(sql, eventId));
  const letters = await readDeadLetters(sql, { id: eventId, replayed: true, limit: 2 });
  const now = letters.find((each) => each.origin === origin);
  if (!now || now.replayRequestedAt || waiting) return undefined;
  if (!now.replayedAt) {
    return { good: false, text: `${eventId} failed again in ${service}: ${short(now.reason)}` };
  }
  return { good: true, text: `${eventId} is ${origin === "inbox" ? "replayed" : `published by ${service}`}` };
}
