import { expect, test } from "bun:test";
import { readDlqOptions } from "./dlq-options.ts";

const id = "0199c6a4-2f4e-7c31-8a51-3f1d2c4b5a69";

test("a command, an id and options in any order", () => {
  expect(readDlqOptions(["--dry-run", "replay", id, "--service=order-service"])).toEqual({
    command: "replay",
    id,
    all: false,
    dryRun: true,
    replayed: false,
    service: "order",
  });
  expect(readDlqOptions([])).toMatchObject({ command: "help" });
  expect(readDlqOptions(["list", "--help"])).toMatchObject({ command: "help" });
});

test.each([
  [["rm"], 'There is no command "rm"'],
  [
    ["list", "--service", "shop"],
    '--service is "shop", expected one of user, product, order, payment, notification',
  ],
  [["list", "--force"], "There is no option --force"],
  [["show"], "show needs the id of an event"],
  [["show", "12"], '"12" is no id of an event, which is a UUID'],
  [["replay"], "replay needs either the id of an event or --all"],
  [["replay", id, "--all"], "replay needs either the id of an event or --all"],
])("%j is refused with what is wrong", (args, mistake) => {
  expect(readDlqOptions(args)).toEqual({ mistake });
});
