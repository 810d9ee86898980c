import { expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  choice,
  flag,
  integer,
  list,
  optional,
  readSettings,
  secret,
  settingNames,
  url,
} from "./settings.ts";

const settings = {
  port: integer("PORT", { min: 1, max: 65_535, default: 8083 }),
  level: choice("LOG_LEVEL", ["info", "debug"], { default: "info" }),
  upstream: url("UPSTREAM_URL", { protocols: ["http", "https"] }),
  key: secret("API_KEY"),
  brokers: optional(list("BROKERS")),
  migrate: flag("MIGRATE", { default: false }),
};

test("values are typed and defaults fill what is not set", () => {
  const values = readSettings(
    "x",
    { UPSTREAM_URL: "http://a:1/", API_KEY: "k", BROKERS: "a:1, b:2", MIGRATE: "true" },
    settings,
  );
  expect(values).toEqual({
    port: 8083,
    level: "info",
    upstream: "http://a:1",
    key: "k",
    brokers: ["a:1", "b:2"],
    migrate: true,
  });
});

test("every mistake is named at once, with what was found and what is wanted", () => {
  const read = () =>
    readSettings("order-service", { PORT: "eighty", LOG_LEVEL: "loud", UPSTREAM_URL: "ftp://x" }, settings);
  expect(read).toThrow(
    [
      'Cannot start order-service: PORT is "eighty", expected an integer from 1 to 65535',
      'Cannot start order-service: LOG_LEVEL is "loud", expected one of info, debug',
      'Cannot start order-service: UPSTREAM_URL is "ftp://x", expected a URL that starts with http:// or https://',
      "Cannot start order-service: API_KEY is not set, expected a secret (or API_KEY_FILE with a file's path)",
    ].join("\n"),
  );
});

test("a secret is read from the file that its _FILE variable names", () => {
  const file = join(mkdtempSync(join(tmpdir(), "settings-")), "key");
  writeFileSync(file, "from-file\n");
  expect(readSettings("x", { API_KEY_FILE: file }, { key: secret("API_KEY") }).key).toBe("from-file");
  expect(() => readSettings("x", { API_KEY_FILE: `${file}-gone` }, { key: secret("API_KEY") })).toThrow(
    "a file that can be read",
  );
});

test("a bad secret is not shown", () => {
  const strict = {
    ...secret("API_KEY"),
    parse: () => {
      throw new Error("a longer one");
    },
  };
  expect(() => readSettings("x", { API_KEY: "hunter2" }, { key: strict })).toThrow(
    "API_KEY is a value that is not shown, expected a longer one",
  );
});

test("the names of the variables can be listed", () => {
  expect(settingNames(settings)).toEqual([
    "PORT",
    "LOG_LEVEL",
    "UPSTREAM_URL",
    "API_KEY",
    "BROKERS",
    "MIGRATE",
  ]);
});
