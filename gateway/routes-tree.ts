import type { Route } from "./routes.ts";

/** Whatever gives the value of a header by its name in lower case. */
export interface HeaderValues {
  get(name: string): string | null;
}

/** Whether a route's conditions hold for what came with the request. */
export type Holds = (route: Route, headers: HeaderValues) => boolean;

/** Where a path ends: the routes with conditions, most conditions first, and the one without. */
interface Leaf {
  readonly conditional: Route[];
  plain: Route | undefined;
}

interface Node {
  readonly fixed: Map<string, Node>;
  parameter: Node | undefined;
  leaf: Leaf | undefined;
}

const newNode = (): Node => ({ fixed: new Map(), parameter: undefined, leaf: undefined });

/**
 * The routes of one host and one method. A route without parameters is found with one look into a map; the others by
 * walking down their segments, a fixed one before a parameter. Nothing is allocated but the parameters' values.
 */
export class RouteTree {
  readonly #exact = new Map<string, Leaf>();
  readonly #root = newNode();

  add(route: Route): void {
    let node = this.#root;
    for (const segment of route.template.slice(1).split("/")) node = childOf(node, segment);
    node.leaf ??= { conditional: [], plain: undefined };
    if (route.headers.length === 0) node.leaf.plain = route;
    else {
      node.leaf.conditional.push(route);
      // Stable: of those with equally many conditions the one that stands first in the file is tried first.
      node.leaf.conditional.sort((a, b) => b.headers.length - a.headers.length);
    }
    if (route.parameters.length === 0) this.#exact.set(route.template, node.leaf);
  }

  /** @param values receives what stands in the place of the parameters, in their order */
  find(path: string, headers: HeaderValues, holds: Holds, values: string[]): Route | undefined {
    const leaf = this.#exact.get(path);
    return (leaf && pick(leaf, headers, holds)) ?? descend(this.#root, path, 1, headers, holds, values);
  }
}

function childOf(node: Node, segment: string): Node {
  if (segment.startsWith("{")) {
    node.parameter ??= newNode();
    return node.parameter;
  }
  let child = node.fixed.get(segment);
  if (!child) {
    child = newNode();
    node.fixed.set(segment, child);
  }
  return child;
}

function pick(leaf: Leaf, headers: HeaderValues, holds: Holds): Route | undefined {
  const { conditional } = leaf;
  for (let at = 0; at < conditional.length; at++) {
    const route = conditional[at] as Route;
    if (holds(route, headers)) return route;
  }
  return leaf.plain;
}

/** Walks on along `path` from `start`, just behind a slash. An empty segment matches nothing. */
function descend(
  node: Node,
  path: string,
  start: number,
  headers: HeaderValues,
  holds: Holds,
  values: string[],
): Route | undefined {
  const slash = path.indexOf("/", start);
  const segment = slash === -1 ? path.slice(start) : path.slice(start, slash);
  if (segment === "") return undefined;
  const fixed = node.fixed.get(segment);
  const found = fixed && goOn(fixed, path, slash, headers, holds, values);
  if (found || !node.parameter) return found;
  values.push(segment);
  const open = goOn(node.parameter, path, slash, headers, holds, values);
  if (!open) values.pop();
  return open;
}

function goOn(
  node: Node,
  path: string,
  slash: number,
  headers: HeaderValues,
  holds: Holds,
  values: string[],
): Route | undefined {
  if (slash !== -1) return descend(node, path, slash + 1, headers, holds, values);
  return node.leaf && pick(node.leaf, headers, holds);
}
