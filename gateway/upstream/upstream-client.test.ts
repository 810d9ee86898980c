import { join } from "node:path";
import { testOnBothRuntimes } from "#mesh/local/both-runtimes";
import { cases } from "./upstream-client-cases.ts";

testOnBothRuntimes(join(import.meta.dirname, "upstream-client-cases.ts"), cases);
