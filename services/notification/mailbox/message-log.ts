import PostalMime from "postal-mime";

/** A mail as it came in. Parsing costs about ten times what receiving does, so it waits until somebody looks. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
  readonly receivedAt: Date;
}

export interface MessageSummary {
  readonly id: string;
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly receivedAt: string;
}

export interface Message extends MessageSummary {
  readonly text: string;
  readonly html: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** `to` and `subject` match anywhere and ignore case; `key` is the whole value of one of our headers. 100 if not said. */
export interface MessageFilter {
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly key?: string | undefined;
  readonly limit?: number | undefined;
}

interface Entry extends ReceivedMail {
  readonly id: string;
  summary?: MessageSummary;
}

const keyHeaders = new Set(["x-ecotrack-notification", "x-ecotrack-key"]);

/** The last mails in memory, bounded by their number and their bytes; the oldest go first. */
export class MessageLog {
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<() => void>();
  readonly #keep: number;
  readonly #keepBytes: number;
  #received = 0;
  #bytes = 0;

  constructor({ keep, keepBytes }: { keep: number; keepBytes: number }) {
    this.#keep = keep;
    this.#keepBytes = keepBytes;
  }

  add(mail: ReceivedMail): void {
    const id = String(++this.#received);
    this.#entries.set(id, { id, ...mail });
    this.#bytes += mail.raw.length;
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#keep && this.#bytes <= this.#keepBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.raw.length;
    }
    this.#changed();
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#changed();
  }

  /** `received` counts since the start, `kept` is what can still be read. */
  get stats(): { received: number; kept: number; bytes: number } {
    return { received: this.#received, kept: this.#entries.size, bytes: this.#bytes };
  }

  /** Newest first. */
  async summaries(filter: MessageFilter): Promise<MessageSummary[]> {
    return Array.fromAsync(this.#matching(filter), summaryOf);
  }

  /** Newest first, each with its parts. */
  async find(filter: MessageFilter): Promise<Message[]> {
    return Array.fromAsync(this.#matching(filter), parse);
  }

  async get(id: string): Promise<Message | undefined> {
    const entry = this.#entries.get(id);
    return entry && parse(entry);
  }

  raw(id: string): Buffer | undefined {
    return this.#entries.get(id)?.raw;
  }

  /** Calls `watcher` on every change; the function returned ends that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  async *#matching({ to, subject, key, limit = 100 }: MessageFilter): AsyncGenerator<Entry> {
    const wantedTo = to?.toLowerCase();
    const wantedSubject = subject?.toLowerCase();
    let left = limit;
    for (const entry of [...this.#entries.values()].reverse()) {
      if (left === 0) return;
      if (wantedTo && !entry.to.some((address) => address.toLowerCase().includes(wantedTo))) continue;
      // Looking for the bytes first spares parsing every mail that cannot match.
      if (key && !(entry.raw.includes(key) && (await hasKey(entry, key)))) continue;
      if (wantedSubject && !(await summaryOf(entry)).subject.toLowerCase().includes(wantedSubject)) continue;
      left--;
      yield entry;
    }
  }
}

async function hasKey(entry: Entry, key: string): Promise<boolean> {
  const { headers } = await parse(entry);
  return headers.some(({ name, value }) => keyHeaders.has(name) && value === key);
}

async function summaryOf(entry: Entry): Promise<MessageSummary> {
  if (!entry.summary) {
    const { id, messageId, from, to, subject, receivedAt } = await parse(entry);
    entry.summary = { id, messageId, from, to, subject, receivedAt };
  }
  return entry.summary;
}

async function parse(entry: Entry): Promise<Message> {
  const mail = await PostalMime.parse(new Uint8Array(entry.raw));
  return {
    id: entry.id,
    messageId: mail.messageId ?? "",
    from: mail.from ? `${mail.from.name} <${mail.from.address ?? ""}>`.trim() : entry.from,
    to: entry.to,
    subject: mail.subject ?? "",
    receivedAt: entry.receivedAt.toISOString(),
    text: mail.text ?? "",
    html: mail.html ?? "",
    headers: mail.headers.map(({ key, value }) => ({ name: key, value })),
  };
}
