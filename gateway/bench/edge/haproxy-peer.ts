import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../../mesh/local/debian-program.ts";
import type { Bench, Peer } from "./peer.ts";
import { path } from "./sample-request.ts";
import { startServer } from "./start-server.ts";
import { audience, issuer, type Tokens } from "./tokens.ts";

/** HS256 verification of each request, and a count for each subject. No log, no metrics of its own. */
export async function startHaproxyPeer(
  bench: Bench,
  haproxy: Program,
  { upstream, tokens }: { upstream: string; tokens: Tokens },
): Promise<Peer> {
  const file = join(bench.home.directory, "haproxy.cfg");
  const { port, process } = await startServer(bench, {
    name: "haproxy",
    place: "underTest",
    command: (port) => {
      writeFileSync(file, configuration(port, upstream, tokens.secret), { mode: 0o600 });
      return [haproxy.path, "-db", "-f", file];
    },
    env: haproxy.env,
    ready: path,
  });
  const does = `${haproxy.version}, HS256 token, one limit in its stick table`;
  return { name: "HAProxy", does, port, pids: [process.pid], also: {}, token: tokens.hs256(1) };
}

/** As in HAProxy's own guide to JSON Web Tokens: algorithm, signature, issuer, audience, expiry. */
function configuration(port: number, upstream: string, secret: string): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  option http-keep-alive
  http-reuse always
frontend edge
  bind 127.0.0.1:${port} backlog 1024
  stick-table type string len 64 size 200k expire 60s store http_req_rate(60s)
  http-request deny deny_status 401 unless { http_auth_bearer -m found }
  http-request deny deny_status 401 unless { http_auth_bearer,jwt_header_query('$.alg') -m str HS256 }
  http-request deny deny_status 401 unless { http_auth_bearer,jwt_payload_query('$.iss') -m str ${issuer} }
  http-request deny deny_status 401 unless { http_auth_bearer,jwt_payload_query('$.aud') -m str ${audience} }
  http-request deny deny_status 401 unless { http_auth_bearer,jwt_verify(HS256,"${secret}") -m int 1 }
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.exp),sub(txn.now) -m int gt 0 }
  http-request track-sc0 http_auth_bearer,jwt_payload_query('$.sub')
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
  default_backend behind
backend behind
  server only ${new URL(upstream).host}
`;
}
