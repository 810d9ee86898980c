import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../../mesh/local/debian-program.ts";
import type { Bench } from "./peer.ts";
import { path } from "./sample-request.ts";
import { startServer } from "./start-server.ts";

/** Starts an nginx of one worker on a free port. @param http what stands in its `http` block */
export function startNginx(
  bench: Bench,
  nginx: Program,
  { name, place, http }: { name: string; place: "underTest" | "around"; http: (port: number) => string },
): ReturnType<typeof startServer> {
  const { directory } = bench.home;
  const file = join(directory, `${name}.conf`);
  return startServer(bench, {
    name,
    place,
    command: (port) => {
      writeFileSync(file, configuration(directory, name, http(port)));
      return [nginx.path, "-c", file, "-p", directory, "-e", "stderr"];
    },
    env: nginx.env,
    ready: path,
  });
}

/** One process without a master, so that what is measured and ended is what was started. */
function configuration(folder: string, name: string, http: string): string {
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
