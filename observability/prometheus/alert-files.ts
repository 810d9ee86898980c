import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RecordRule {
  readonly record: string;
  readonly expr: string;
}

interface RuleFile<Rule> {
  readonly groups?: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

export interface RuleTests {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string;
      readonly exp_alerts?: readonly unknown[];
    }[];
    readonly promql_expr_test?: readonly {
      readonly expr: string;
      readonly exp_samples?: readonly unknown[];
    }[];
  }[];
}

export interface AlertFile {
  /** In its folder, without `.yaml`. */
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** The files of a folder with alerts or recording rules, without those of their tests. */
export function ruleFileNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"))
    .map((name) => name.slice(0, -".yaml".length))
    .sort();
}

export const readAlerts = (folder: string): AlertFile[] =>
  ruleFileNames(folder).map((name) => ({ name, rules: rulesIn<AlertRule>(folder, name) }));

export const readRecords = (folder: string): RecordRule[] =>
  ruleFileNames(folder).flatMap((name) => rulesIn<RecordRule>(folder, name));

export const readRuleTests = (folder: string, name: string): RuleTests =>
  parse(readFileSync(join(folder, `${name}.test.yaml`), "utf8")) as RuleTests;

function rulesIn<Rule>(folder: string, name: string): Rule[] {
  const file = parse(readFileSync(join(folder, `${name}.yaml`), "utf8")) as RuleFile<Rule>;
  return file.groups?.flatMap(({ rules }) => [...rules]) ?? [];
}
