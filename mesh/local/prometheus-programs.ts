import type { DebianProgram } from "./debian-program.ts";

const versionFlag = "--version";
const ofPrometheus = {
  packages: ["prometheus"],
  versionFlag,
  folder: "prometheus",
  advice: "install prometheus 2.42 or newer",
} as const;
const ofAlertmanager = {
  packages: ["prometheus-alertmanager"],
  versionFlag,
  folder: "prometheus-alertmanager",
  advice: "install alertmanager 0.25 or newer",
} as const;

/** Prometheus and Alertmanager with the programs that check their files, for `debianProgram`. */
export const prometheusPrograms = {
  prometheus: { ...ofPrometheus, names: ["prometheus"], path: "usr/bin/prometheus" },
  promtool: { ...ofPrometheus, names: ["promtool"], path: "usr/bin/promtool" },
  alertmanager: {
    ...ofAlertmanager,
    names: ["alertmanager", "prometheus-alertmanager"],
    path: "usr/bin/prometheus-alertmanager",
  },
  amtool: { ...ofAlertmanager, names: ["amtool"], path: "usr/bin/amtool" },
} as const satisfies Readonly<Record<string, DebianProgram>>;
