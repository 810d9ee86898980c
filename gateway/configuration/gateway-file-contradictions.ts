import { parseRange } from "./address-rules.ts";
import type { Mistake } from "./gateway-file-mistakes.ts";
import type { At } from "./gateway-file-places.ts";
import type { RouteSpec, WrittenFile } from "./gateway-file-schema.ts";

type Entries = readonly (readonly [number, RouteSpec])[];

/** What each part of the file may say, and all of them together may not. */
export function contradictions(file: WrittenFile, routes: Entries): Mistake[] {
  return [
    ...inLimits(file),
    ...inIssuers(file, routes),
    ...inAddresses(file),
    ...inOrigins(file),
    ...routes.flatMap(([index, route]) =>
      inRoute(route, file).map(({ at, message }) => ({ at: ["routes", index, ...at], message })),
    ),
    ...doubleRoutes(routes),
  ];
}

/** Beyond it the time between two requests drowns in what a clock in microseconds can tell. */
const mostPerSecond = 100_000;

const tiersOf = (tiers: WrittenFile["limits"][string]["tiers"]) => Object.entries(tiers ?? {});

function inLimits({ limits }: WrittenFile): Mistake[] {
  const mistakes: Mistake[] = [];
  for (const [name, limit] of Object.entries(limits)) {
    const at = (...key: At): At => ["limits", name, ...key];
    if (limit.by.includes("caller") && (limit.by.includes("user") || limit.by.includes("address")))
      mistakes.push({ at: at("by"), message: "has caller, which is the user or the address already" });
    const rates: (readonly [At, { requests: number; perSeconds?: number }])[] = [
      [at("requests"), limit],
      ...tiersOf(limit.tiers).map(([tier, each]) => [at("tiers", tier), { ...limit, ...each }] as const),
    ];
    for (const [place, { requests, perSeconds }] of rates) {
      if (perSeconds !== undefined && requests / perSeconds > mostPerSecond)
        mistakes.push({
          at: place,
          message: `is more than ${mostPerSecond} a second, which is no limit: leave it out`,
        });
    }
    if (limit.per === undefined) continue;
    if (limit.burst !== undefined)
      mistakes.push({
        at: at("burst"),
        message: `contradicts per: ${limit.per}, of which all may come at once`,
      });
    for (const [tier, numbers] of tiersOf(limit.tiers)) {
      for (const key of ["perSeconds", "burst"] as const) {
        if (numbers[key] !== undefined)
          mistakes.push({
            at: at("tiers", tier, key),
            message: `contradicts per: ${limit.per} of the limit`,
          });
      }
    }
  }
  return mistakes;
}

function inIssuers({ issuers = {} }: WrittenFile, routes: Entries): Mistake[] {
  const mistakes: Mistake[] = [];
  const seen = new Map<string, string>();
  for (const [name, { issuer }] of Object.entries(issuers)) {
    const other = seen.get(issuer);
    if (other !== undefined)
      mistakes.push({
        at: ["issuers", name, "issuer"],
        message: `is that of ${other}: a token could not tell`,
      });
    else seen.set(issuer, name);
  }
  if (seen.size > 0) return mistakes;
  const closed = routes.find(([, { auth }]) => !isAnonymous(auth));
  if (closed)
    mistakes.push({ at: ["routes", closed[0], "auth"], message: "wants a caller, and no issuer is defined" });
  return mistakes;
}

function inAddresses({ addresses = {} }: WrittenFile): Mistake[] {
  const check = (key: "allow" | "deny") =>
    (addresses[key] ?? []).flatMap((range, at) =>
      parseRange(range)
        ? []
        : [
            {
              at: ["addresses", key, at],
              message: `is ${JSON.stringify(range)}, expected an address or a range such as 10.0.0.0/8`,
            },
          ],
    );
  return [...check("allow"), ...check("deny")];
}

/** A browser sends an origin in one form only (RFC 6454 §6.2); any other would never be met. */
function inOrigins({ cors = {} }: WrittenFile): Mistake[] {
  return Object.entries(cors).flatMap(([name, { origins }]) =>
    origins.flatMap((origin, at) => {
      const sent = URL.canParse(origin) ? new URL(origin).origin : undefined;
      if (sent === origin) return [];
      const message = sent ? `is sent by browsers as ${sent}` : "is no origin";
      return [{ at: ["cors", name, "origins", at], message }];
    }),
  );
}

/** What a route cannot be chosen by: it has a key of its own, or is not the client's to say. */
const noCondition = /^(?:host|authorization|x-api-key|cookie|connection|transfer-encoding|content-length)$/;

function inRoute(route: RouteSpec, { limits, defaults }: WrittenFile): Mistake[] {
  const mistakes: Mistake[] = [];
  const { auth, ignoreToken, headers = {} } = route;
  if (ignoreToken && !isAnonymous(auth))
    mistakes.push({ at: ["ignoreToken"], message: "contradicts auth, which wants a caller" });
  if (typeof auth === "object" && auth.anonymous) {
    for (const key of ["roles", "scopes"] as const) {
      if (auth[key]) mistakes.push({ at: ["auth", key], message: "contradicts anonymous: true" });
    }
  }
  if (route.validate && route.answer)
    mistakes.push({ at: ["validate"], message: `has nothing to go by: ${route.answer} is answered here` });
  if (route.contentTypes && route.methods.every((method) => method === "GET"))
    mistakes.push({ at: ["contentTypes"], message: "is for bodies, and a GET has none" });
  for (const [at, name] of (route.limits ?? defaults.limits).entries()) {
    const { by = [], burst, requests = 0, tiers } = limits[name] ?? {};
    const least = Math.min(
      burst ?? requests,
      ...tiersOf(tiers).map(([, each]) => each.burst ?? burst ?? each.requests),
    );
    if (route.cost !== undefined && limits[name] && route.cost > least)
      mistakes.push({
        at: ["cost"],
        message: `is more than the ${least} that ${name} ever has at once: no call could pass`,
      });
    const place = route.limits ? ["limits", at] : ["auth"];
    if (by.includes("api-key") && !acceptsKeys(auth))
      mistakes.push({ at: place, message: `is limited by ${name} by API key, and takes none` });
    if (by.includes("user") && ignoreToken)
      mistakes.push({ at: place, message: `is limited by ${name} by user, and looks at no token` });
  }
  const conditions = new Set<string>();
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (noCondition.test(lower))
      mistakes.push({ at: ["headers", name], message: "is nothing to choose a route by" });
    if (conditions.has(lower)) mistakes.push({ at: ["headers", name], message: "stands twice" });
    conditions.add(lower);
  }
  return mistakes;
}

function doubleRoutes(routes: Entries): Mistake[] {
  const mistakes: Mistake[] = [];
  const seen = new Map<string, number>();
  for (const [index, { host = "", path, methods, headers = {} }] of routes) {
    const conditions = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    const where = JSON.stringify([
      host,
      path.replaceAll(/\{\w+\}/g, "{}"),
      conditions.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
    ]);
    for (const method of methods) {
      const first = seen.get(method + where);
      if (first === undefined) seen.set(method + where, index);
      else
        mistakes.push({
          at: ["routes", index],
          message: `defines ${method} ${path} again, after routes.${first}`,
        });
    }
  }
  return mistakes;
}

const isAnonymous = (auth: RouteSpec["auth"]): boolean =>
  typeof auth === "object" ? auth.anonymous === true : auth === "anyone";

const acceptsKeys = (auth: RouteSpec["auth"]): boolean =>
  typeof auth === "object" && (auth.accept ?? []).includes("api-key");
