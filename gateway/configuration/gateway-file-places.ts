import { type Document, isMap, isNode, isScalar, type LineCounter } from "yaml";

/** Counted from one, as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type At = readonly (string | number)[];

/** Tells where a key of the document stands, or what stands around it where the key itself is missing. */
export function placesIn(document: Document, lines: LineCounter): (at: At) => Place | undefined {
  const startOf = (node: unknown): Place | undefined => {
    if (!isNode(node) || !node.range) return undefined;
    const { line, col } = lines.linePos(node.range[0]);
    return { line, column: col };
  };
  return (at) => {
    for (let depth = at.length; depth > 0; depth--) {
      const place =
        startOf(keyNode(document, at.slice(0, depth))) ?? startOf(valueNode(document, at.slice(0, depth)));
      if (place) return place;
    }
    // An empty file has no contents, and begins all the same.
    return startOf(document.contents) ?? { line: 1, column: 1 };
  };
}

const valueNode = (document: Document, at: At): unknown =>
  at.length === 0 ? document.contents : document.getIn(at, true);

/** An entry of a map is told by its key, where what is wrong can be seen; an entry of a list has none. */
function keyNode(document: Document, at: At): unknown {
  const around = valueNode(document, at.slice(0, -1));
  if (!isMap(around)) return undefined;
  return around.items.find(({ key }) => isScalar(key) && key.value === at.at(-1))?.key;
}
