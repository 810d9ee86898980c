// The gateway that the plugins' own pages lead to. Copied beside its packages and run on Node: fastify-peer.ts.
// Everything optional is as it is by default, which is cheap: no log, no metrics, the limit in memory of this process.
import proxy from "@fastify/http-proxy";
import jwt from "@fastify/jwt";
import rateLimit from "@fastify/rate-limit";
import fastify from "fastify";

const [port, upstream] = process.argv.slice(2);
const { SECRET: secret, ISSUER: allowedIss, AUDIENCE: allowedAud } = process.env;

const app = fastify();
await app.register(jwt, { secret, verify: { algorithms: ["HS256"], allowedIss, allowedAud } });
app.addHook("onRequest", (request) => request.jwtVerify());
await app.register(rateLimit, {
  max: 1_000_000_000,
  timeWindow: 60_000,
  hook: "preHandler",
  keyGenerator: (request) => request.user.sub,
});
await app.register(proxy, { upstream, undici: { connections: 256, pipelining: 1 } });
await app.listen({ port: Number(port), host: "127.0.0.1", backlog: 1024 });
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
