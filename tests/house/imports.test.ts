import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const root = join(import.meta.dir, "../..");
const skipped = new Set(["node_modules", ".git", ".ecotrack"]);

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [relative(root, path)] : [];
  });
}

/** Where an import leads, as a path from the root; undefined for a package. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return `${specifier.slice(1)}.ts`;
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
}

/** The part of the house a file belongs to: `gateway`, `services/order`, `mesh`, … */
const partOf = (path: string): string =>
  path
    .split("/")
    .slice(0, path.startsWith("services/") ? 2 : 1)
    .join("/");

const imports = sources(root).flatMap((file) => {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
  return [...found].flatMap(([, specifier = ""]) => {
    const to = target(file, specifier);
    return to ? [{ file, to, from: partOf(file), part: partOf(to) }] : [];
  });
});

const show = (rows: typeof imports) => rows.map(({ file, to }) => `${file} imports ${to}`);

test("there is something to check", () => {
  expect(imports.length).toBeGreaterThan(50);
});

test("no service imports another one or the gateway", () => {
  const wrong = imports.filter(
    ({ from, part }) => from.startsWith("services/") && ![from, "mesh", "observability"].includes(part),
  );
  expect(show(wrong)).toEqual([]);
});

test("the gateway imports nothing but mesh and observability", () => {
  const wrong = imports.filter(
    ({ from, part }) => from === "gateway" && !["gateway", "mesh", "observability"].includes(part),
  );
  expect(show(wrong)).toEqual([]);
});

test("mesh and observability import nothing above them", () => {
  const below = ["mesh", "observability"];
  const wrong = imports.filter(({ from, part }) => below.includes(from) && !below.includes(part));
  expect(show(wrong)).toEqual([]);
});

test("only the listener, the launcher and main files name a runtime", () => {
  const allowed = (file: string) =>
    file === "mesh/listen.ts" ||
    file === "mesh/tcp-on-bun.ts" ||
    file.startsWith("mesh/local/") ||
    file.endsWith("/main.ts") ||
    /(^|\/)bench\//.test(file) ||
    file.endsWith(".test.ts");
  const wrong = sources(root).filter(
    (file) => !allowed(file) && /\b(Bun|Deno)\./.test(readFileSync(join(root, file), "utf8")),
  );
  expect(wrong).toEqual([]);
});

test("a file is named for what it exports: no utils, no barrels", () => {
  const wrong = sources(root).filter((file) => /(^|\/)(utils?|helpers?|common|types|index)\.ts$/.test(file));
  expect(wrong).toEqual([]);
});

test("the lock file names no host", () => {
  expect(readFileSync(join(root, "bun.lock"), "utf8")).not.toContain("://");
});
