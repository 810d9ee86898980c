import { createRequire } from "node:module";

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

let quiet = false;

/**
 * kafkajs 2.2.4 looks at every connection's queue of waiting requests each millisecond for ever, also when it is empty
 * (tulios/kafkajs#1751, unreleased fixes in #1755 and #1768): 4 % of a core for an idle process, and a warning of Node,
 * Bun and Deno about a negative timeout. An empty queue needs no look: what joins it schedules one itself.
 */
export function quietRequestQueue(): void {
  if (quiet) return;
  quiet = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require("kafkajs/src/network/requestQueue") as { prototype: RequestQueue };
  const { scheduleCheckPendingRequests } = prototype;
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue) {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
