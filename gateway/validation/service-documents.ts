import type { Log } from "#observability/log";
import type { Route, RouteTable, Upstream } from "../routes.ts";
import { fetchDocument } from "./fetch-document.ts";
import type { OperationCheck } from "./operation-check.ts";
import { type NoCheck, ServiceDocument } from "./service-document.ts";

export interface ServiceDocumentsOptions {
  /** Of now: the file may change while this runs. */
  readonly table: () => RouteTable;
  readonly log: Log;
  readonly now?: () => number;
  readonly fetch?: typeof fetchDocument;
}

const lookMs = 1000;
const refreshMs = 60_000;
const retryMs = 5000;
/** A service that was just exchanged may take more than its predecessor: what is refused is a reason to ask again. */
const doubtMs = 10_000;

interface Kept {
  document: ServiceDocument | undefined;
  askedAt: number;
  dueAt: number;
  asking: Promise<void> | undefined;
}

/**
 * The OpenAPI documents of those services of which a route wants its requests checked: fetched at the start, asked for again
 * every minute, and kept while the service is away.
 */
export class ServiceDocuments {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: ServiceDocumentsOptions) {
    this.#now = options.now ?? (() => performance.now());
  }

  start(): void {
    void this.look();
    this.#timer = setInterval(() => void this.look(), lookMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  checkOf(route: Route, upstream: Upstream, method: string): OperationCheck | NoCheck {
    return this.#kept.get(upstream.url)?.document?.checkOf(route, method) ?? "no-document";
  }

  /** A request is about to be refused by this document. */
  doubt({ url }: Upstream): void {
    const kept = this.#kept.get(url);
    if (kept) kept.dueAt = Math.min(kept.dueAt, kept.askedAt + doubtMs);
  }

  /** Asks whoever is due; documents that no route wants any more are forgotten. */
  async look(): Promise<void> {
    const wanted = new Set<string>();
    for (const { validate, target } of this.options.table().routes) {
      if (validate && target.kind === "upstream") wanted.add(target.upstream.url);
    }
    for (const url of this.#kept.keys()) if (!wanted.has(url)) this.#kept.delete(url);
    await Promise.all([...wanted].map(async (url) => this.#refresh(url)));
  }

  #refresh(url: string): Promise<void> | undefined {
    const kept = this.#kept.get(url) ?? { document: undefined, askedAt: 0, dueAt: 0, asking: undefined };
    this.#kept.set(url, kept);
    if (kept.asking || this.#now() < kept.dueAt) return kept.asking;
    kept.askedAt = this.#now();
    kept.dueAt = kept.askedAt + refreshMs;
    kept.asking = this.#ask(url, kept).finally(() => {
      kept.asking = undefined;
    });
    return kept.asking;
  }

  async #ask(url: string, kept: Kept): Promise<void> {
    const { log, fetch = fetchDocument } = this.options;
    try {
      const found = await fetch(url, kept.document?.etag);
      if (found === "unchanged" || found.text === kept.document?.text) return;
      kept.document = new ServiceDocument(found.text, found.etag, log);
    } catch (error) {
      kept.dueAt = kept.askedAt + retryMs;
      log.warn({ err: error, url, kept: kept.document !== undefined }, "no OpenAPI document");
    }
  }
}
