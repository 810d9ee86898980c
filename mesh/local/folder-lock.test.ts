import { expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder, lockOwner } from "./folder-lock.ts";
import { LocalFailure } from "./local-failure.ts";

const newLock = () => join(mkdtempSync(join(tmpdir(), "lock-")), "lock");

test("a second launcher is refused with the first one's pid", () => {
  const file = newLock();
  const unlock = lockFolder(file);
  expect(() => lockFolder(file)).toThrow(new RegExp(`kill ${process.pid}`));
  expect(() => lockFolder(file)).toThrow(LocalFailure);
  unlock();
  expect(lockOwner(file)).toBeUndefined();
  lockFolder(file)();
});

test.each(["", "{", JSON.stringify({ pid: process.pid, identity: "an-earlier-boot/1" })])(
  "the lock of a launcher that is gone (%p) does not count",
  (content) => {
    const file = newLock();
    writeFileSync(file, content);
    const unlock = lockFolder(file);
    expect(lockOwner(file)).toBe(process.pid);
    unlock();
  },
);
