import { type DebianProgram, debianProgram, type Program } from "../../../mesh/local/debian-program.ts";
import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import { checkPeer } from "./check-peer.ts";
import { startFastifyPeer } from "./fastify-peer.ts";
import { startGatewayPeer } from "./gateway-peer.ts";
import { startHaproxyPeer } from "./haproxy-peer.ts";
import { startNginxPeer } from "./nginx-peer.ts";
import type { PeerName } from "./options.ts";
import type { Bench, MissingPeer, Peer } from "./peer.ts";
import type { Tokens } from "./tokens.ts";
import { startUpstream } from "./upstream.ts";

const advice = "install it";

export const programs = {
  wrk: {
    names: ["wrk"],
    packages: ["wrk", "libluajit-5.1-2"],
    path: "usr/bin/wrk",
    versionFlag: "-v",
    folder: "debian-wrk",
    advice,
  },
  nginx: {
    names: ["nginx"],
    packages: ["nginx"],
    path: "usr/sbin/nginx",
    versionFlag: "-v",
    folder: "debian-nginx",
    advice,
  },
  haproxy: {
    names: ["haproxy"],
    packages: ["haproxy", "libopentracing-c-wrapper0"],
    path: "usr/sbin/haproxy",
    versionFlag: "-v",
    folder: "debian-haproxy",
    advice,
  },
} as const satisfies Record<string, DebianProgram>;

/** What is behind all of them. */
export interface Behind {
  readonly upstream: string;
  readonly nginx: Program;
}

/** @throws LocalFailure without nginx: nothing else answers fast enough to stand behind the others */
export async function startBehind(bench: Bench, tokens: Tokens): Promise<Behind> {
  const nginx = await debianProgram(bench.home.cache, programs.nginx);
  return { nginx, upstream: await startUpstream(bench, nginx, tokens.jwks) };
}

/** Starts and tries each, one after the other. One that cannot be had does not keep the others from being measured. */
export async function startPeers(
  bench: Bench,
  { upstream, nginx, tokens, only }: Behind & { tokens: Tokens; only: readonly PeerName[] },
): Promise<(Peer | MissingPeer)[]> {
  const start: Record<PeerName, () => Promise<Peer>> = {
    nginx: () => startNginxPeer(bench, nginx, upstream),
    haproxy: async () =>
      startHaproxyPeer(bench, await debianProgram(bench.home.cache, programs.haproxy), { upstream, tokens }),
    fastify: () => startFastifyPeer(bench, { upstream, tokens }),
    ecotrack: () => startGatewayPeer(bench, { upstream, tokens }),
    untraced: () => startGatewayPeer(bench, { upstream, tokens, untraced: true }),
  };
  const found: (Peer | MissingPeer)[] = [];
  for (const name of only) {
    try {
      const peer = await start[name]();
      await checkPeer(peer);
      found.push(peer);
    } catch (error) {
      // Ours has to run: without it there is nothing to compare.
      if (!(error instanceof LocalFailure) || name === "ecotrack") throw error;
      found.push({ name, missing: error.message });
    }
  }
  return found;
}
