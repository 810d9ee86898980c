import { expect, test } from "bun:test";
import { mergeMetrics } from "./merge-metrics.ts";

const one = `# HELP requests_total Requests
# TYPE requests_total counter
requests_total{route="/a b",status="200"} 3
requests_total 1

# HELP up Up
# TYPE up gauge
up{} 1
`;
const two = `# HELP requests_total Requests
# TYPE requests_total counter
requests_total{route="/a b",status="200"} 4
`;

test("samples of a metric stand together, each with its process", () => {
  expect(
    mergeMetrics([
      { process: "0", text: one },
      { process: "1", text: two },
    ]),
  ).toBe(`# HELP requests_total Requests
# TYPE requests_total counter
requests_total{process="0",route="/a b",status="200"} 3
requests_total{process="0"} 1
requests_total{process="1",route="/a b",status="200"} 4
# HELP up Up
# TYPE up gauge
up{process="0"} 1
`);
});

test("OpenMetrics ends once, with the examples where they were", () => {
  const text = (trace: string) =>
    `# HELP a A\n# TYPE a histogram\na_bucket{le="1",route="/"} 2 # {trace_id="${trace}"} 0.5 1700000000.1\n# EOF\n`;
  expect(
    mergeMetrics([
      { process: "0", text: text("aa") },
      { process: "1", text: text("bb") },
    ]),
  ).toBe(`# HELP a A
# TYPE a histogram
a_bucket{process="0",le="1",route="/"} 2 # {trace_id="aa"} 0.5 1700000000.1
a_bucket{process="1",le="1",route="/"} 2 # {trace_id="bb"} 0.5 1700000000.1
# EOF
`);
});
