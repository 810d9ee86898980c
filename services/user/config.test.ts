import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { readConfig, settings } from "./config.ts";

test("a key that is not 32 bytes is refused without being shown, beside everything else that is wrong", () => {
  const read = () => readConfig({ KEY_ENCRYPTION_KEY: "c2hvcnQ=", SIGNING_KEY_ROTATION_HOURS: "1" });
  expect(read).toThrow(/KEY_ENCRYPTION_KEY is a value that is not shown, expected 32 bytes in base64/);
  expect(read).toThrow(/SIGNING_KEY_ROTATION_HOURS is "1", expected an integer from 2 to 8760/);
  expect(read).toThrow(/DATABASE_URL is not set/);
});

test("the tiers that an admin may give are those that the gateway has numbers for", async () => {
  const file = await readFile(new URL("../../gateway/gateway.yaml", import.meta.url), "utf8");
  expect(settings.tiers.fallback?.value).toEqual((parse(file) as { tiers: string[] }).tiers);
});
