import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readAlerts } from "../prometheus/alert-files.ts";
import { type InhibitRule, notInhibited, readMatcher } from "./inhibited.ts";

const alerts = new Map(
  readAlerts(join(import.meta.dir, "../alerts"))
    .flatMap(({ rules }) => rules)
    .map((rule) => [rule.alert, rule]),
);
const text = readFileSync(join(import.meta.dir, "alertmanager.yml"), "utf8");
const { inhibit_rules: rules } = parse(text) as { inhibit_rules: InhibitRule[] };

type Labels = Readonly<Record<string, string>>;

/** An alert as its file labels it, with those of the series. */
const firing = (alertname: string, of: Labels = {}): Labels => ({
  ...alerts.get(alertname)?.labels,
  ...of,
  alertname,
});

test.each<[string, Labels[], string[]]>([
  [
    "a service that is down is the only one to be heard of",
    [
      firing("ServiceDown", { job: "order-service" }),
      firing("TargetDown", { job: "order-service", instance: "order-service:8083" }),
      firing("ErrorRateHigh", { job: "gateway" }),
      firing("AvailabilityLow", { job: "gateway" }),
      firing("ErrorBudgetGoneInTwoDays", { slo: "availability", class: "checkout" }),
      firing("SagasStuck"),
    ],
    ["ServiceDown"],
  ],
  [
    "what has nothing to do with it is heard of",
    [
      firing("ServiceDown", { job: "notification-service" }),
      firing("NotificationQueueOld"),
      firing("TargetDown", { job: "product-service", instance: "product-service:8082" }),
      firing("PaymentFailures", { gateway: "stripe" }),
      firing("InvariantViolated", { invariant: "ledger-balances" }),
    ],
    ["ServiceDown", "TargetDown", "PaymentFailures", "InvariantViolated"],
  ],
  [
    "a database that is away silences its service's events and what is felt at the edge",
    [
      firing("DatabaseUnreachable", { job: "payment-service" }),
      firing("OutboxLag", { job: "payment-service" }),
      firing("OutboxLag", { job: "user-service" }),
      firing("PaymentFailures", { gateway: "stripe" }),
      firing("LatencyHigh", { job: "gateway" }),
    ],
    ["DatabaseUnreachable", "OutboxLag"],
  ],
  [
    "a payment provider that hangs makes checkouts slow, and nothing else",
    [
      firing("PaymentFailures", { gateway: "stripe" }),
      firing("SagasStuck"),
      firing("LatencyHigh", { job: "gateway" }),
      firing("ErrorBudgetGoneInTwoDays", { slo: "latency", class: "checkout" }),
      firing("ErrorBudgetGoneInFiveDays", { slo: "latency", class: "catalogue" }),
      firing("ErrorBudgetGoneInFiveDays", { slo: "availability", class: "checkout" }),
      firing("AvailabilityLow", { job: "gateway" }),
    ],
    ["PaymentFailures", "ErrorBudgetGoneInFiveDays", "ErrorBudgetGoneInFiveDays", "AvailabilityLow"],
  ],
  [
    "of budgets, the fastest of each class and objective",
    [
      firing("ErrorBudgetGoneInTwoDays", { slo: "availability", class: "checkout" }),
      firing("ErrorBudgetGoneInFiveDays", { slo: "availability", class: "checkout" }),
      firing("ErrorBudgetOverspent", { slo: "availability", class: "checkout" }),
      firing("ErrorBudgetOverspent", { slo: "latency", class: "catalogue" }),
    ],
    ["ErrorBudgetGoneInTwoDays", "ErrorBudgetOverspent"],
  ],
])("%s", (_name, labels, expected) => {
  const heard = notInhibited(rules, labels).map(({ alertname = "" }) => alertname);
  expect(heard.toSorted()).toEqual(expected.toSorted());
});

test("routes and inhibitions name alerts, owners and symptoms that there are", () => {
  const matchers = rules.flatMap(({ source_matchers, target_matchers }) => [
    ...source_matchers,
    ...target_matchers,
  ]);
  const routed = /owner =~ ([\w|]+)/.exec(text)?.[0] ?? "";
  const lost = [...matchers, routed].flatMap((matcher) => {
    const { label } = readMatcher(matcher);
    // Series have those.
    if (["job", "slo", "class"].includes(label)) return [];
    const there = new Set([...alerts.values()].map((rule) => rule.labels?.[label]));
    const values = matcher.replace(/^\w+ =~? /, "").split("|");
    return values.filter((value) => !(label === "alertname" ? alerts.has(value) : there.has(value)));
  });
  expect(matchers.length).toBeGreaterThan(20);
  expect(lost).toEqual([]);
});
