import { join } from "node:path";
import { testOnBothRuntimes } from "./local/both-runtimes.ts";
import { cases } from "./tcp-test-cases.ts";

testOnBothRuntimes(join(import.meta.dirname, "tcp-test-cases.ts"), cases);
