import type { SpanShape } from "./ended-span.ts";
import { encodeShape } from "./otlp-json.ts";

/**
 * Shapes of spans that come again and again, encoded once each. They are kept for good, so what they are told apart by
 * has to be of few values: names of routes, methods of a list, statuses.
 */
export function createKnownShapes() {
  const routes = new Map<string | undefined, Map<string, SpanShape>>();
  return (route: string | undefined, key: string, make: () => SpanShape): SpanShape => {
    let known = routes.get(route);
    if (known === undefined) {
      known = new Map();
      routes.set(route, known);
    }
    let shape = known.get(key);
    if (shape === undefined) {
      const made = make();
      shape = { ...made, encoded: encodeShape(made) };
      known.set(key, shape);
    }
    return shape;
  };
}
