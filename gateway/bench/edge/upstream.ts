import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../../mesh/local/debian-program.ts";
import type { Bench } from "./peer.ts";
import { body, jwksPath, path } from "./sample-request.ts";
import { startServer } from "./start-server.ts";

/** Behind all of them the same: nginx, which answers everything from memory. */
export async function startUpstream(bench: Bench, nginx: Program, jwks: string): Promise<string> {
  const file = join(bench.home.directory, "upstream.conf");
  const { port } = await startServer(bench, {
    name: "upstream",
    place: "around",
    command: (port) => {
      writeFileSync(file, nginxFile(bench.home.directory, "upstream", server(port, jwks)));
      return [nginx.path, "-c", file, "-p", bench.home.directory, "-e", "stderr"];
    },
    env: nginx.env,
    ready: path,
  });
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

/** One process without a master, so that what is measured and ended is what was started. */
export function nginxFile(folder: string, name: string, http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(folder, `${name}-${kind}`)};`)
    .join(" ");
  return `worker_processes 1; master_process off; daemon off;
pid ${join(folder, `${name}.pid`)};
events { worker_connections 4096; }
http {
access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; ${temporary}
${http}
}
`;
}
