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

const { requests, failed, applied, refused, seconds, memory } = await reloadUnderLoad({
  reloads: Number(reloads),
  connections: Number(connections),
  redisUrl: process.env.REDIS_URL ?? nowhere,
  runtime: process.execPath,
});
console.log(`${applied} files applied and ${refused} refused in ${seconds.toFixed(1)} s`);
console.log(`${requests} requests answered meanwhile, ${failed.length} failed`);
console.log(`resident MB after each tenth: ${memory.map((bytes) => (bytes / 1e6).toFixed(0)).join(" ")}`);
for (const failure of new Set(failed)) console.error(failure);
process.exitCode = failed.length > 0 ? 1 : 0;
