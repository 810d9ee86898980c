import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { parse, stringify } from "yaml";
import { eventually } from "#mesh/eventually";
import { listen } from "#mesh/listen";
import {
  adminText,
  type GatewayProcess,
  liveHeapBytes,
  residentBytes,
  startGatewayProcess,
} from "./gateway-process.ts";

export interface ReloadOptions {
  readonly reloads: number;
  /** Connections that send one request after the other all the while. */
  readonly connections: number;
  readonly redisUrl: string;
  /** The Bun that runs it. */
  readonly runtime: string;
}

export interface ReloadFigures {
  readonly requests: number;
  /** Answers that were not 200, and connections that ended. */
  readonly failed: readonly string[];
  readonly applied: number;
  /** Files with a mistake, of which every tenth is one. */
  readonly refused: number;
  readonly seconds: number;
  /** Resident bytes after each tenth of the reloads. */
  readonly memory: readonly number[];
  /** Bytes of the heap that are in use after a full collection, likewise. */
  readonly liveHeap: readonly number[];
}

const product = JSON.stringify({ id: "0193", name: "Mug" });

/**
 * Starts the gateway as it runs in production, with its own `gateway.yaml`, keeps it under load and changes the file again
 * and again: renamed over the old one, told by SIGHUP, each time with another limit, another route and another timeout.
 * Every tenth file has a mistake.
 */
export async function reloadUnderLoad(options: ReloadOptions): Promise<ReloadFigures> {
  const folder = await mkdtemp(join(tmpdir(), "reload-"));
  const { keys, token } = await issueToken();
  const upstream = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) =>
      new Response(url.endsWith("/jwks.json") ? keys : product, {
        headers: { "content-type": "application/json" },
      }),
  });
  const file = join(folder, "gateway.yaml");
  const own = await readFile(new URL("../gateway.yaml", import.meta.url), "utf8");
  await writeFile(file, variant(own, 0));
  const gateway = await startGatewayProcess(options, { folder, file, upstream });
  try {
    return await run(options, { gateway, file, own, token });
  } finally {
    gateway.child.kill("SIGKILL");
    await upstream.stop(0);
    await rm(folder, { recursive: true });
  }
}

interface Scene {
  readonly gateway: GatewayProcess;
  readonly file: string;
  readonly own: string;
  readonly token: string;
}

async function run({ reloads, connections }: ReloadOptions, scene: Scene): Promise<ReloadFigures> {
  const { gateway, file, own, token } = scene;
  const failed: string[] = [];
  let requests = 0;
  let ended = false;
  const senders = Array.from({ length: connections }, (_, at) =>
    send(
      gateway.port,
      at % 2 === 0 ? token : undefined,
      () => !ended,
      (answer) => {
        requests++;
        if (!answer.startsWith("HTTP/1.1 200")) failed.push(answer.slice(0, 200));
      },
    ),
  );
  const memory: number[] = [];
  const liveHeap: number[] = [];
  const began = performance.now();
  for (let at = 1; at <= reloads; at++) {
    const before = requests;
    await exchange(gateway, file, at % 10 === 0 ? "routes: []\n" : variant(own, at), at % 10 === 0);
    await eventually(() => requests > before || undefined);
    if (at % Math.ceil(reloads / 10) > 0) continue;
    memory.push(await residentBytes(gateway));
    liveHeap.push(await liveHeapBytes(gateway));
  }
  const seconds = (performance.now() - began) / 1000;
  ended = true;
  await Promise.all(senders);
  const figures = await adminText(gateway, "/metrics");
  const count = (outcome: string) =>
    Number(
      new RegExp(`gateway_config_reloads_total\\{.*outcome="${outcome}".*\\} (\\d+)`).exec(figures)?.[1] ?? 0,
    );
  return {
    requests,
    failed,
    applied: count("applied"),
    refused: count("refused"),
    seconds,
    memory,
    liveHeap,
  };
}

/** The file as it is, with limits that nobody reaches and something else in each version. */
function variant(own: string, at: number): string {
  const file = parse(own) as Written;
  for (const limit of Object.values(file.limits))
    Object.assign(limit, { requests: 6e6 - at, burst: 900_000 + at });
  for (const { tiers } of Object.values(file.limits)) {
    for (const tier of Object.values(tiers ?? {})) Object.assign(tier, { requests: 6e6 - at });
  }
  file.defaults.timeoutMs = 10_000 + at;
  file.routes.push({ path: `/api/version-${at}`, methods: ["GET"], upstream: "product", auth: "anyone" });
  // The load is one address that does nothing wrong; the figures are not about it.
  delete file.threats;
  return stringify(file);
}

interface Written {
  readonly limits: Record<string, { tiers?: Record<string, object> }>;
  readonly defaults: { timeoutMs: number };
  readonly routes: object[];
  threats?: object;
}

/** Puts another file in the place and waits until the gateway runs with it, or has refused it. */
async function exchange(gateway: GatewayProcess, file: string, text: string, bad: boolean): Promise<void> {
  const version = /version-\d+/.exec(text)?.[0];
  await writeFile(`${file}.next`, text);
  await rename(`${file}.next`, file);
  gateway.child.kill("SIGHUP");
  await eventually(
    async () => {
      const config = await adminText(gateway, "/config");
      return (bad ? config.includes('"refused":{') : config.includes(`/${version}"`)) || undefined;
    },
    { everyMs: 10, withinMs: 10_000 },
  );
}

/** One connection that sends a request whenever the answer to the last one is there. */
function send(
  port: number,
  token: string | undefined,
  goesOn: () => boolean,
  answered: (answer: string) => void,
): Promise<void> {
  const credential = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
  const request = `GET /api/products/0193 HTTP/1.1\r\nHost: localhost\r\n${credential}\r\n`;
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.setEncoding("latin1");
    socket.on("data", (data: string) => {
      received += data;
      const head = received.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? Number.NaN);
      const chunked = /transfer-encoding: chunked/i.test(received);
      if (
        head === -1 ||
        !(chunked ? received.endsWith("\r\n0\r\n\r\n") : received.length >= head + 4 + length)
      )
        return;
      answered(received);
      received = "";
      if (goesOn()) socket.write(request);
      else socket.end();
    });
    socket.on("error", (error) => answered(String(error)));
    socket.on("close", () => {
      if (goesOn()) answered("the connection ended");
      resolve();
    });
  });
}

async function issueToken(): Promise<{ keys: string; token: string }> {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const key = { ...(await exportJWK(pair.publicKey)), kid: "user/1", alg: "ES256", use: "sig" };
  const token = await new SignJWT({ sid: "session", roles: ["customer"] })
    .setProtectedHeader({ alg: "ES256", kid: "user/1", typ: "at+jwt" })
    .setIssuer("https://ecotrack.test")
    .setAudience("ecotrack")
    .setSubject("0193b0c0-0000-7000-8000-000000000000")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(pair.privateKey);
  return { keys: JSON.stringify({ keys: [key] }), token };
}
