import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const root = join(import.meta.dir, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const books = readdirSync(import.meta.dir)
  .filter((name) => name.endsWith(".md"))
  .map((name) => ({ name, text: readFileSync(join(import.meta.dir, name), "utf8") }));
const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
const routes = (parse(read("gateway/gateway.yaml")) as { routes: { path: string; methods: string[] }[] })
  .routes;
const alertFolder = join(root, "observability/alerts");
const alerts = readdirSync(alertFolder).filter((name) => !name.endsWith(".test.yaml"));
const alertTexts = alerts.map((name) => readFileSync(join(alertFolder, name), "utf8"));
const tables = ["services", "mesh"].flatMap((folder) =>
  (readdirSync(join(root, folder), { recursive: true }) as string[])
    .filter((path) => path.endsWith(".sql"))
    .flatMap((path) => [...read(join(folder, path)).matchAll(/create (?:table|view) (\w+)/g)])
    .map(([, table = ""]) => table),
);

const logged = ["gateway", "services", "mesh", "observability"]
  .flatMap((folder) =>
    (readdirSync(join(root, folder), { recursive: true }) as string[])
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
      .map((path) => read(join(folder, path))),
  )
  .join("\n");

/** PostgreSQL's, Prometheus's and Alertmanager's words. */
const ofOthers = new Set([
  "too many clients",
  "no space left",
  "password authentication failed",
  "canceling statement due to lock timeout",
  "Notify for alerts failed",
]);

describe.each(books.filter(({ name }) => name !== "README.md"))("$name", ({ name, text }) => {
  test("has its parts, in order", () => {
    const parts = [...text.matchAll(/^\*\*(Symptom|Impact|Look here first|Mitigate|Escalate)\b/gm)];
    expect(parts.map(([, part]) => part)).toEqual([
      "Symptom",
      "Impact",
      "Look here first",
      "Mitigate",
      "Escalate",
    ]);
  });

  test("is the runbook of every alert that it names, and of one at least", () => {
    const own = alertTexts.filter((alert) => alert.includes(`runbook: observability/runbooks/${name}`));
    const named = own.map((alert) => /alert: (\w+)/.exec(alert)?.[1] ?? "");
    expect(named).not.toEqual([]);
    for (const alert of named) expect(text).toContain(`\`${alert}\``);
  });
});

describe.each(books)("commands of $name", ({ text }) => {
  test("are scripts of package.json", () => {
    const used = [...text.matchAll(/`bun run ([\w:-]+)/g)].map(([, script = ""]) => script);
    expect(used.filter((script) => !scripts.includes(script))).toEqual([]);
  });

  test("call routes that the gateway has", () => {
    const calls = [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/api\/[^\s?`]*)/g)];
    const wrong = calls.filter(([, method = "", path = ""]) => {
      const plain = path.replaceAll(/\{\w+\}|<\w+>/g, "{}");
      return !routes.some(
        (route) => route.methods.includes(method) && route.path.replaceAll(/\{\w+\}/g, "{}") === plain,
      );
    });
    expect(wrong.map(([call]) => call)).toEqual([]);
  });

  test("read tables that there are", () => {
    const read = [...text.matchAll(/`select [^`]*? from (\w+)/g)].map(([, table = ""]) => table);
    expect(read.filter((table) => !tables.includes(table) && !table.startsWith("pg_stat_"))).toEqual([]);
  });

  test("and links lead to files that there are", () => {
    const links = [...text.matchAll(/\]\(([\w./-]+)\)/g)].map(([, link = ""]) => link);
    const files = [...text.matchAll(/`((?:gateway|observability|mesh|services)\/[\w./-]+)`/g)].map(
      ([, file = ""]) => file,
    );
    expect(links.filter((link) => !existsSync(join(import.meta.dir, link)))).toEqual([]);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test("quote what processes log", () => {
    const prose = text.replaceAll(/```[\s\S]*?```|`[^`]*`/g, "");
    const quoted = prose.split('"').filter((part, at) => at % 2 === 1 && part.split(" ").length > 2);
    expect(quoted.filter((line) => !logged.includes(line.replace(" …", "")) && !ofOthers.has(line))).toEqual(
      [],
    );
  });
});
