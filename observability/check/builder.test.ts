import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { imageVersion } from "./image-version.ts";

const read = (path: string) =>
  parse(readFileSync(new URL(path, import.meta.url), "utf8"), { merge: true }) as Record<string, object>;
const kinds = ["receivers", "processors", "exporters", "extensions"] as const;

test("what is built has the version that compose.yaml runs, and each part that our files name", () => {
  const builder = read("builder.yaml") as Record<string, { gomod: string }[]>;
  const version = imageVersion("collector");
  expect(imageVersion("log-reader")).toBe(version);
  const files = ["../collector/config.yaml", "../collector/log-reader.yaml"].map(read);
  for (const kind of kinds) {
    const modules = (builder[kind] ?? []).map(({ gomod }) => gomod);
    expect(modules.filter((each) => !each.endsWith(` v${version}`))).toEqual([]);
    for (const name of files.flatMap((file) => Object.keys(file[kind] ?? {}))) {
      // `otlp_http/tempo` is made by otlphttpexporter, `file_storage` by filestorage.
      const module = name.replace(/\/.*/, "").replaceAll("_", "");
      expect([name, modules.filter((each) => each.includes(`/${module}`)).length]).toEqual([name, 1]);
    }
  }
});
