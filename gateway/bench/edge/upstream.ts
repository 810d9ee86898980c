import type { Program } from "../../../mesh/local/debian-program.ts";
import { startNginx } from "./nginx-server.ts";
import type { Bench } from "./peer.ts";
import { body, jwksPath } from "./sample-request.ts";

/** Behind all of them the same: nginx, which answers everything from memory. */
export async function startUpstream(bench: Bench, nginx: Program, jwks: string): Promise<string> {
  const http = (port: number) => server(port, jwks);
  const { port } = await startNginx(bench, nginx, { name: "upstream", place: "around", http });
  return `http://127.0.0.1:${port}`;
}

function server(port: number, jwks: string): string {
  return `server {
  listen 127.0.0.1:${port} backlog=1024;
  default_type application/json;
  location = ${jwksPath} { return 200 '${jwks}'; }
  location / { return 200 '${body}'; }
}`;
}
