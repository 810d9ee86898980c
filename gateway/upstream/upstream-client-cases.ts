import type { Cases } from "#mesh/local/both-runtimes";
import { callingCases } from "./calling-test-cases.ts";
import { endingCases } from "./ending-test-cases.ts";
import { mixingCases } from "./mixing-test-cases.ts";
import { readingCases } from "./reading-test-cases.ts";
import { tryingAgainCases } from "./trying-again-test-cases.ts";

export const cases: Cases = {
  ...readingCases,
  ...callingCases,
  ...tryingAgainCases,
  ...endingCases,
  ...mixingCases,
};
