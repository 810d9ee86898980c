import { readFileSync } from "node:fs";
import { LoadGenerator } from "./load-generator.ts";
import type { LoadSpec } from "./load-spec.ts";
import { path, requestHeaders } from "./sample-request.ts";

// A process of its own, so that it can be bound to a core and its work is not that of who measures: run-load.ts.
const spec: LoadSpec = JSON.parse(process.argv[2] ?? "");
const given = spec.tokens;
const tokens = "file" in given ? readFileSync(given.file, "utf8").trim().split("\n") : [given.one];
const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${spec.port}`, ...requestHeaders(undefined)];
const head = `${lines.join("\r\n")}\r\n`;

const request = (nth: number): string => {
  const token = tokens[nth % tokens.length];
  return token ? `${head}Authorization: Bearer ${token}\r\n\r\n` : `${head}\r\n`;
};
console.log(JSON.stringify(await new LoadGenerator(spec, request).run()));
