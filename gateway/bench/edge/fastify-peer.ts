import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../../mesh/local/find-program.ts";
import { runProgram } from "../../../mesh/local/run-program.ts";
import { npmFolder } from "./npm-folder.ts";
import type { Bench, Peer } from "./peer.ts";
import { path } from "./sample-request.ts";
import { startServer } from "./start-server.ts";
import { audience, issuer, type Tokens } from "./tokens.ts";

const versions = {
  fastify: "5.12.8",
  "@fastify/jwt": "10.2.8",
  "@fastify/http-proxy": "11.6.3",
  "@fastify/rate-limit": "11.2.0",
};

/** The usual plugins on Node, see fastify-gateway.js. */
export async function startFastifyPeer(
  bench: Bench,
  { upstream, tokens }: { upstream: string; tokens: Tokens },
): Promise<Peer> {
  const folder = await npmFolder(bench.home.cache, "edge-fastify", versions);
  const script = join(folder, "fastify-gateway.js");
  copyFileSync(join(import.meta.dirname, "fastify-gateway.js"), script);
  const node = findProgram("node") ?? "node";
  const { output } = await runProgram([node, "--version"], { cwd: folder });
  const { port, process } = await startServer(bench, {
    name: "fastify",
    place: "underTest",
    command: (port) => [node, script, String(port), upstream],
    env: { NODE_ENV: "production", SECRET: tokens.secret, ISSUER: issuer, AUDIENCE: audience },
    ready: path,
  });
  const does = `${versions.fastify} on Node ${output.trim().slice(1)}, jwt (HS256), rate-limit, http-proxy`;
  return { name: "Fastify", does, port, pids: [process.pid], also: {}, token: tokens.hs256(1) };
}
