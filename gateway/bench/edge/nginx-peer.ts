import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../../mesh/local/debian-program.ts";
import type { Bench, Peer } from "./peer.ts";
import { path } from "./sample-request.ts";
import { startServer } from "./start-server.ts";
import { nginxFile } from "./upstream.ts";

/** What passing on alone costs: no token, no limit, no log. */
export async function startNginxPeer(bench: Bench, nginx: Program, upstream: string): Promise<Peer> {
  const file = join(bench.home.directory, "nginx.conf");
  const { port, process } = await startServer(bench, {
    name: "nginx",
    place: "underTest",
    command: (port) => {
      writeFileSync(file, nginxFile(bench.home.directory, "nginx", proxy(port, upstream)));
      return [nginx.path, "-c", file, "-p", bench.home.directory, "-e", "stderr"];
    },
    env: nginx.env,
    ready: path,
  });
  const does = `${nginx.version}, only passes on`;
  return { name: "nginx", does, port, pids: [process.pid], also: {}, token: undefined };
}

function proxy(port: number, upstream: string): string {
  return `upstream behind { server ${new URL(upstream).host}; keepalive 256; keepalive_requests 1000000000; }
server {
  listen 127.0.0.1:${port} backlog=1024;
  location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }
}`;
}
