import { join } from "node:path";
import { testOnBothRuntimes } from "./local/both-runtimes.ts";
import { cases } from "./tcp-text-test-cases.ts";

testOnBothRuntimes(join(import.meta.dirname, "tcp-text-test-cases.ts"), cases);
