import { expect, test } from "bun:test";
import { readConfig } from "./config.ts";

test("every setting that is missing or wrong is told at once", () => {
  let message = "";
  try {
    readConfig({ PORT: "eighty", JWKS_URL: "ftp://keys" });
  } catch (error) {
    message = (error as Error).message;
  }
  for (const name of ["PORT", "JWKS_URL", "REDIS_URL", "USER_SERVICE_URL", "NOTIFICATION_SERVICE_URL"]) {
    expect(message).toContain(`Cannot start gateway: ${name} is `);
  }
});
