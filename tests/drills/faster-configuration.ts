import { parse, stringify } from "yaml";
import type { InhibitRule } from "#observability/alertmanager/inhibited";
import type { AlertRule, RecordRule } from "#observability/prometheus/alert-files";
import { fasterDuration, fasterExpression } from "./durations.ts";

interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly (AlertRule | RecordRule)[];
}

export interface PrometheusFile {
  readonly global: {
    readonly scrape_interval: string;
    readonly scrape_timeout: string;
    readonly evaluation_interval: string;
  };
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly { readonly job_name: string }[];
}

export interface Route {
  readonly receiver?: string;
  readonly matchers?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly routes?: readonly Route[];
}

export interface AlertmanagerFile {
  readonly global: { readonly resolve_timeout: string };
  readonly route: Route;
  readonly inhibit_rules: readonly InhibitRule[];
  readonly receivers: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
}

/** A file of rules in which everything happens `speed` times as fast. */
export function fasterRules(text: string, speed: number): string {
  const { groups } = parse(text) as { groups: readonly RuleGroup[] };
  const faster = groups.map((group) => ({
    ...group,
    ...fasterAt(group, ["interval"], speed),
    rules: group.rules.map((rule) => ({
      ...rule,
      ...fasterAt(rule, ["for", "keep_firing_for"], speed),
      expr: fasterExpression(rule.expr, speed),
    })),
  }));
  return stringify({ groups: faster }, { aliasDuplicateObjects: false });
}

export interface Surroundings {
  /** Where each job answers, `host:port`; jobs that are not here are not run. */
  readonly targets: Readonly<Record<string, string>>;
  readonly alertmanager: string;
  readonly ruleFiles: readonly string[];
}

/** prometheus.yml with these targets and these files of rules. A scrape still may take its time, up to the next. */
export function prometheusFor(text: string, speed: number, around: Surroundings): string {
  const { global, scrape_configs, ...rest } = parse(text) as PrometheusFile;
  const faster = fasterAt(global, ["scrape_interval", "evaluation_interval"], speed);
  const scrape_timeout = speed === 1 ? global.scrape_timeout : faster.scrape_interval;
  return stringify({
    ...rest,
    global: { ...global, ...faster, scrape_timeout },
    rule_files: around.ruleFiles,
    alerting: { alertmanagers: [{ static_configs: [{ targets: [around.alertmanager] }] }] },
    scrape_configs: scrape_configs.flatMap((config) => {
      const target = around.targets[config.job_name];
      return target === undefined ? [] : [{ ...config, static_configs: [{ targets: [target] }] }];
    }),
  });
}

/** alertmanager.yml that sends to `<url>/<receiver>` what it would send to people. */
export function alertmanagerFor(text: string, speed: number, url: string): string {
  const file = parse(text) as AlertmanagerFile;
  const receivers = file.receivers.map(({ name, ...ways }) => ({
    name,
    webhook_configs: [{ url: `${url}/${name}`, send_resolved: tellsTheEnd(ways) }],
  }));
  const global = fasterAt(file.global, ["resolve_timeout"], speed);
  return stringify(
    { ...file, global, route: fasterRoute(file.route, speed), receivers },
    { aliasDuplicateObjects: false },
  );
}

/** As Alertmanager has it where nothing is said: PagerDuty hears of the end, Slack does not. */
function tellsTheEnd(ways: Readonly<Record<string, unknown>>): boolean {
  const { slack_configs: slack, ...others } = ways as Readonly<Record<string, { send_resolved?: boolean }[]>>;
  const [first] = slack ?? Object.values(others).flat();
  return first?.send_resolved ?? !slack;
}

const fasterRoute = (route: Route, speed: number): Route => ({
  ...route,
  ...fasterAt(route, ["group_wait", "group_interval", "repeat_interval"], speed),
  ...(route.routes && { routes: route.routes.map((each) => fasterRoute(each, speed)) }),
});

function fasterAt(from: object, names: readonly string[], speed: number): Record<string, string> {
  const given = Object.entries(from).filter(([name]) => names.includes(name)) as [string, string][];
  return Object.fromEntries(given.map(([name, text]) => [name, fasterDuration(text, speed)]));
}
