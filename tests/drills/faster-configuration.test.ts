import { expect, test } from "bun:test";
import { parse } from "yaml";
import { alertmanagerFor, fasterRules, prometheusFor } from "./faster-configuration.ts";

test("of a rule everything that is a time is faster, and nothing else is another", () => {
  const text = `
groups:
  - name: g
    interval: 5m
    rules:
      - { alert: A, expr: "rate(a[5m]) > 2", for: 10m, keep_firing_for: 1m, labels: { escalates: 2h } }
      - { record: b, expr: c }`;
  expect(parse(fasterRules(text, 10))).toEqual({
    groups: [
      {
        name: "g",
        interval: "30000ms",
        rules: [
          {
            alert: "A",
            expr: "rate(a[30000ms]) > 2",
            for: "60000ms",
            keep_firing_for: "6000ms",
            labels: { escalates: "2h" },
          },
          { record: "b", expr: "c" },
        ],
      },
    ],
  });
});

const prometheus = `
global: { scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 30s, external_labels: { a: b } }
rule_files: [rules/red.yaml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] }
scrape_configs:
  - { job_name: gateway, static_configs: [{ targets: ["gateway:9080"] }] }
  - { job_name: tempo, static_configs: [{ targets: ["tempo:3200"] }] }`;
const around = { targets: { gateway: "127.0.0.1:1" }, alertmanager: "127.0.0.1:2", ruleFiles: ["/red.yaml"] };

test("Prometheus asks those who are there, and at its own speed as it is set to", () => {
  expect(parse(prometheusFor(prometheus, 1, around))).toEqual({
    global: {
      scrape_interval: "15000ms",
      scrape_timeout: "10s",
      evaluation_interval: "30000ms",
      external_labels: { a: "b" },
    },
    rule_files: ["/red.yaml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:2"] }] }] },
    scrape_configs: [{ job_name: "gateway", static_configs: [{ targets: ["127.0.0.1:1"] }] }],
  });
});

test("a scrape has until the next, however fast they come", () => {
  expect(parse(prometheusFor(prometheus, 5, around)).global).toMatchObject({
    scrape_interval: "3000ms",
    scrape_timeout: "3000ms",
    evaluation_interval: "6000ms",
  });
});

test("Alertmanager tells the receiver what it would tell people, its routes and inhibitions as they are", () => {
  const text = `
global: { resolve_timeout: 5m, slack_api_url_file: /run/secrets/slack_url }
route:
  receiver: tickets
  group_wait: 30s
  routes: [{ matchers: [severity = page], receiver: people, group_interval: 2m }]
inhibit_rules: [{ source_matchers: [a = b], target_matchers: [c = d] }]
receivers:
  - { name: people, pagerduty_configs: [{ routing_key_file: key }] }
  - { name: tickets, slack_configs: [{ channel: c }] }`;
  const { global, ...file } = parse(alertmanagerFor(text, 10, "http://127.0.0.1:3"));
  expect(global.resolve_timeout).toBe("30000ms");
  expect(file).toEqual({
    route: {
      receiver: "tickets",
      group_wait: "3000ms",
      routes: [{ matchers: ["severity = page"], receiver: "people", group_interval: "12000ms" }],
    },
    inhibit_rules: [{ source_matchers: ["a = b"], target_matchers: ["c = d"] }],
    receivers: [
      { name: "people", webhook_configs: [{ url: "http://127.0.0.1:3/people", send_resolved: true }] },
      { name: "tickets", webhook_configs: [{ url: "http://127.0.0.1:3/tickets", send_resolved: false }] },
    ],
  });
});
