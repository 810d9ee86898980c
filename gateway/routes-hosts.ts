import type { Method } from "./configuration/gateway-file-schema.ts";
import type { Route } from "./routes.ts";
import { type HeaderValues, type Holds, RouteTree } from "./routes-tree.ts";

type ByMethod = Map<string, RouteTree>;

/** In the order in which `Allow` tells them. */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const satisfies readonly (
  | Method
  | "HEAD"
)[];

/**
 * The routes of all hosts. A request is looked for under its very host, then under the wildcards above it, the longest
 * first, then among the routes for every host; in each by path, method and headers. The first that matches in all of
 * it is the one.
 */
export class RoutesByHost {
  readonly #any: ByMethod = new Map();
  readonly #own = new Map<string, ByMethod>();
  /** For each host that stands in the file, where to look, in order; wildcards by `.example.com`. */
  readonly #orders = new Map<string, readonly ByMethod[]>();
  readonly #everywhere: readonly ByMethod[] = [this.#any];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const byMethod = this.#of(route.host);
      for (const method of route.methods) {
        add(byMethod, method, route);
        if (method === "GET") add(byMethod, "HEAD", route);
      }
    }
    for (const host of this.#own.keys()) this.#orders.set(host, this.#orderFor(host));
  }

  find(
    host: string,
    method: string,
    path: string,
    headers: HeaderValues,
    holds: Holds,
    values: string[],
  ): Route | undefined {
    const order = this.#orders.size === 0 ? this.#everywhere : this.#lookUp(host);
    for (let at = 0; at < order.length; at++) {
      const route = order[at]?.get(method)?.find(path, headers, holds, values);
      if (route) return route;
    }
    return undefined;
  }

  /** The value of an `Allow` header (RFC 9110 §10.2.1), or nothing where no method finds a route. */
  allowed(host: string, path: string, headers: HeaderValues, holds: Holds): string {
    const taken = methods.filter((method) => this.find(host, method, path, headers, holds, []));
    return taken.length === 0 ? "" : [...taken, "OPTIONS"].join(", ");
  }

  #of(host: string): ByMethod {
    if (host === "") return this.#any;
    const name = host.startsWith("*") ? host.slice(1) : host;
    const byMethod = this.#own.get(name) ?? new Map<string, RouteTree>();
    this.#own.set(name, byMethod);
    return byMethod;
  }

  #orderFor(name: string): readonly ByMethod[] {
    const order = [this.#own.get(name) as ByMethod];
    for (let dot = name.indexOf(".", 1); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const wildcard = this.#own.get(name.slice(dot));
      if (wildcard) order.push(wildcard);
    }
    return [...order, this.#any];
  }

  #lookUp(host: string): readonly ByMethod[] {
    const name = plainHost(host);
    const exact = this.#orders.get(name);
    if (exact) return exact;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const wildcard = this.#orders.get(name.slice(dot));
      if (wildcard) return wildcard;
    }
    return this.#everywhere;
  }
}

/** `Shop.Example.com.:8443` is `shop.example.com`; an IPv6 address is no host that the file could name. */
function plainHost(host: string): string {
  const colon = host.indexOf(":");
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function add(byMethod: ByMethod, method: string, route: Route): void {
  const tree = byMethod.get(method) ?? new RouteTree();
  byMethod.set(method, tree);
  tree.add(route);
}
