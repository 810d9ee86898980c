import type { Program } from "../../../mesh/local/debian-program.ts";
import { startNginx } from "./nginx-server.ts";
import type { Bench, Peer } from "./peer.ts";

/** What passing on alone costs: no token, no limit, no log. */
export async function startNginxPeer(bench: Bench, nginx: Program, upstream: string): Promise<Peer> {
  const http = (port: number) => proxy(port, upstream);
  const { port, process } = await startNginx(bench, nginx, { name: "nginx", place: "underTest", http });
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
