import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "../postgres/sql.ts";
import { type DeadLetter, isInOutbox, readDeadLetters, requestReplay } from "./dead-letter-store.ts";
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
  /** How long to wait for the service to try an event of its inbox. */
  readonly withinMs?: number;
}

/** More are shown and replayed by asking again. */
const atOnce = 500;

/** Carries out one command. @returns whether all went well */
export async function dlq(
  options: DlqOptions,
  { stores, line, withinMs = 15_000 }: DlqRun,
): Promise<boolean> {
  const { command, id } = options;
  const replayed = options.replayed || id !== undefined;
  const found = await find(stores, { id, replayed });
  if (found.length === 0) {
    line(id === undefined ? "No event is set aside" : `No event ${id} is set aside`);
    return id === undefined;
  }
  if (command === "show") for (const letter of found) show(letter, line);
  else if (command === "list") list(found, line);
  else if (options.dryRun) {
    for (const letter of found) line(`would replay ${inOneLine(letter)}`);
    line(`Nothing was changed; ${count(found.filter(waits).length)} would be replayed`);
  } else return await replay(found, line, withinMs);
  return true;
}

async function find(
  stores: readonly DlqStore[],
  { id, replayed }: { id: string | undefined; replayed: boolean },
): Promise<Found[]> {
  const found = await Promise.all(
    stores.map(async (store) => {
      const letters = await readDeadLetters(store.sql, { id, replayed, limit: atOnce });
      return letters.map((letter): Found => ({ ...letter, store }));
    }),
  );
  return found.flat();
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

function list(found: readonly Found[], line: DlqRun["line"]): void {
  for (const letter of found) line(inOneLine(letter));
  line(found.length === atOnce ? `The oldest ${atOnce}` : `${count(found.length)}`);
}

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

async function replay(found: readonly Found[], line: DlqRun["line"], withinMs: number): Promise<boolean> {
  for (const letter of found) {
    if (waits(letter)) await requestReplay(letter.store.sql, letter);
    else line(`${letter.eventId} was replayed before: nothing is done`);
  }
  const deadline = Date.now() + withinMs;
  const outcomes = await Promise.all(found.filter(waits).map((letter) => outcomeOf(letter, deadline)));
  for (const { text } of outcomes) line(text);
  return outcomes.every(({ good }) => good);
}

interface Outcome {
  readonly good: boolean;
  readonly text: string;
}

async function outcomeOf(letter: Found, deadline: number): Promise<Outcome> {
  for (;;) {
    const outcome = await readOutcome(letter);
    if (outcome) return outcome;
    if (Date.now() > deadline) {
      const text = `${letter.eventId}: ${letter.store.service} did not take it up yet. Does it run? It will when it does.`;
      return { good: false, text };
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
  const letters = await readDeadLetters(sql, { id: eventId, replayed: true, limit: 2 });
  const now = letters.find((each) => each.origin === origin);
  if (!now || now.replayRequestedAt) return undefined;
  if (!now.replayedAt) {
    return { good: false, text: `${eventId} failed again in ${service}: ${short(now.reason)}` };
  }
  if (origin === "inbox") return { good: true, text: `${eventId} is replayed` };
  const waiting = await isInOutbox(sql, eventId);
  return waiting ? undefined : { good: true, text: `${eventId} is published by ${service}` };
}
