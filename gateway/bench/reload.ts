/**
 * Changes gateway.yaml again and again while requests come, and tells what it cost:
 *
 *     bun run bench:reload [reloads] [connections]
 *
 * Without REDIS_URL the limits are counted in the gateway alone.
 */
import { reloadUnderLoad } from "./reload-under-load.ts";

const [reloads = "1000", connections = "8"] = process.argv.slice(2);
/** Reserved (RFC 6335 §6), and nobody listens there. */
const nowhere = "redis://127.0.0.1:49150";

const { requests, failed, applied, refused, seconds, memory, liveHeap } = await reloadUnderLoad({
  reloads: Number(reloads),
  connections: Number(connections),
  redisUrl: process.env.REDIS_URL ?? nowhere,
  runtime: process.execPath,
});
console.log(`${applied} files applied and ${refused} refused in ${seconds.toFixed(1)} s`);
console.log(`${requests} requests answered meanwhile, ${failed.length} failed`);
const inMb = (bytes: readonly number[], digits: number) =>
  bytes.map((each) => (each / 1e6).toFixed(digits)).join(" ");
console.log(`resident MB after each tenth: ${inMb(memory, 0)}`);
console.log(`MB of the heap in use after each tenth: ${inMb(liveHeap, 2)}`);
for (const failure of new Set(failed)) console.error(failure);
process.exitCode = failed.length > 0 ? 1 : 0;
