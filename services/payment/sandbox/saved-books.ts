import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { SavedKeys } from "./idempotency.ts";
import type { PaypalSaved } from "./paypal/paypal-sandbox.ts";
import type { Charge, Dispute, Intent, Refund } from "./stripe-objects.ts";
import type { Undelivered, WebhookChange } from "./webhook-sender.ts";

/** Everything that a provider must not forget when it is restarted: who paid, and which keys were used for it. */
export interface SavedBooks {
  readonly intents: readonly Intent[];
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  readonly disputes?: readonly Dispute[];
  readonly keys: SavedKeys;
  readonly paypal?: PaypalSaved;
  /** Events that nobody took yet. */
  readonly undelivered?: readonly Undelivered[];
}

/** What one request changed, each object as it is after it. */
export type BookChange = Partial<SavedBooks> & WebhookChange;

export interface Journal {
  /** In the file when this returns, so a killed process has it; a power cut may still take it. */
  append(change: BookChange): void;
  close(): void;
}

/**
 * The books of an earlier run, undefined when there are none. The file has a `BookChange` a line: all the books first,
 * then what each request changed. A last line that the process was killed over is passed over: nobody had its answer.
 * @throws when the file cannot be read or is damaged elsewhere, in a message of one line
 */
export function readSavedBooks(file: string): SavedBooks | undefined {
  let lines: string[];
  try {
    lines = readFileSync(file, "utf8").split("\n");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw new Error(`The sandbox's books in ${file} cannot be read: ${reasonOf(error)}`);
  }
  const intents = new Map<string, Intent>();
  const charges = new Map<string, Charge>();
  const refunds = new Map<string, Refund>();
  const disputes = new Map<string, Dispute>();
  const keys = new Map<string, SavedKeys[number][1]>();
  const paypalOrders = new Map<string, PaypalSaved["orders"][number]>();
  const undelivered = new Map<string, Undelivered>();
  const paypalKeys = new Map<string, SavedKeys[number][1]>();
  for (const [at, line] of lines.entries()) {
    const last = at > 0 && at === lines.length - 1;
    if (last && line === "") continue;
    const change = parsed(line);
    if (change === undefined) {
      if (last) continue;
      throw new Error(
        `The sandbox's books in ${file} are damaged in line ${at + 1}: remove the file to start with empty books`,
      );
    }
    for (const each of change.intents ?? []) intents.set(each.id, each);
    for (const each of change.charges ?? []) charges.set(each.id, each);
    for (const each of change.refunds ?? []) refunds.set(each.id, each);
    for (const each of change.disputes ?? []) disputes.set(each.id, each);
    for (const [key, answer] of change.keys ?? []) keys.set(key, answer);
    for (const each of change.paypal?.orders ?? []) paypalOrders.set(each.id, each);
    for (const [key, answer] of change.paypal?.keys ?? []) paypalKeys.set(key, answer);
    for (const each of change.undelivered ?? []) undelivered.set(each.id, each);
    for (const id of change.delivered ?? []) undelivered.delete(id);
  }
  return {
    intents: [...intents.values()],
    charges: [...charges.values()],
    refunds: [...refunds.values()],
    disputes: [...disputes.values()],
    keys: [...keys],
    paypal: { orders: [...paypalOrders.values()], keys: [...paypalKeys] },
    undelivered: [...undelivered.values()],
  };
}

/**
 * Starts the file anew with these books, replacing it as a whole, and leaves it open for what comes. Only its owner can
 * read it. @throws when it cannot be written, in a message of one line
 */
export function openJournal(file: string, books: SavedBooks): Journal {
  try {
    rmSync(`${file}.new`, { force: true });
    writeFileSync(`${file}.new`, lineOf(books), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    const descriptor = openSync(file, "a", 0o600);
    return {
      append: (change) => appendFileSync(descriptor, lineOf(change)),
      close: () => closeSync(descriptor),
    };
  } catch (error) {
    throw new Error(`The sandbox's books cannot be kept in ${file}: ${reasonOf(error)}`);
  }
}

const lineOf = (change: BookChange): string => `${JSON.stringify(change)}\n`;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function parsed(line: string): BookChange | undefined {
  try {
    const read: unknown = JSON.parse(line);
    return isChange(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isChange(read: unknown): read is BookChange {
  if (typeof read !== "object" || read === null || Array.isArray(read)) return false;
  const {
    intents = [],
    charges = [],
    refunds = [],
    disputes = [],
    keys = [],
    undelivered = [],
    delivered = [],
    paypal = {},
  } = read as Record<string, unknown>;
  if (typeof paypal !== "object" || paypal === null) return false;
  const { orders = [], keys: paypalKeys = [] } = paypal as Record<string, unknown>;
  return (
    [intents, charges, refunds, disputes, orders, undelivered].every(
      (list) => Array.isArray(list) && list.every(hasId),
    ) &&
    Array.isArray(delivered) &&
    [keys, paypalKeys].every((list) => Array.isArray(list) && list.every(isKey))
  );
}

const isKey = (pair: unknown): boolean =>
  Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "object";

const hasId = (each: unknown): boolean =>
  typeof each === "object" && each !== null && "id" in each && typeof each.id === "string";
