import { listen } from "#mesh/listen";
import type { Log } from "#observability/log";
import type { DevPageConfig } from "./config.ts";
import { watchHouse } from "./house-watch.ts";
import { devPageHandler } from "./http.ts";
import type { LogEntry } from "./log-entry.ts";
import { followLogs } from "./log-folder.ts";
import { RingBuffer } from "./ring-buffer.ts";
import { SpanStore } from "./span-store.ts";

export interface DevPage {
  readonly port: number;
  stop(): Promise<void>;
}

const linesKept = 5000;
/** Asking everybody costs them something: it is done rarely while nobody watches. */
const lookMs = 2000;
const unwatchedLookMs = 10_000;

/** @throws Error that names the port when it is taken */
export function openDevPage(config: DevPageConfig, log: Log): DevPage {
  const spans = new SpanStore();
  const logs = new RingBuffer<LogEntry>(linesKept);
  const house = watchHouse({ ...config, versionOf: (name) => spans.versionOf(name), log });
  let watchers = 0;
  const { links, orderExample, tracesElsewhere } = config;
  const listener = listen({
    port: config.port,
    hostname: "127.0.0.1",
    fetch: devPageHandler({
      spans,
      logs,
      house: () => house.state,
      facts: { links, orderExample, tracesElsewhere },
      port: () => listener.port,
      watching(change) {
        watchers += change;
      },
    }),
  });
  const following = followLogs(config.logs, (entry) => logs.add(entry));
  const looking = lookAgainAndAgain(
    () => house.look(),
    () => (watchers > 0 ? lookMs : unwatchedLookMs),
  );
  return {
    port: listener.port,
    async stop() {
      looking.stop();
      following.stop();
      // Streams never end by themselves.
      await listener.stop(200);
    },
  };
}

/** One look at a time; `pause` is asked often, because somebody may begin to watch. */
function lookAgainAndAgain(look: () => Promise<void>, pause: () => number): { stop(): void } {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking = false;
  const timer = setInterval(() => {
    if (looking || performance.now() - lookedAt < pause()) return;
    looking = true;
    lookedAt = performance.now();
    void look().finally(() => {
      looking = false;
    });
  }, 100);
  return { stop: () => clearInterval(timer) };
}
