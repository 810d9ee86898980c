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
