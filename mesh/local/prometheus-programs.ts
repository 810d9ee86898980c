import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DebianProgram, Program } from "./debian-program.ts";

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

const exporterOf = (name: `prometheus-${string}-exporter`) =>
  ({
    names: [name],
    packages: [name],
    path: `usr/bin/${name}`,
    versionFlag,
    folder: name,
    advice: `install ${name}`,
  }) as const satisfies DebianProgram;

/** Prometheus and Alertmanager with the programs that check their files, and exporters, for `debianProgram`. */
export const prometheusPrograms = {
  prometheus: { ...ofPrometheus, names: ["prometheus"], path: "usr/bin/prometheus" },
  promtool: { ...ofPrometheus, names: ["promtool"], path: "usr/bin/promtool" },
  alertmanager: {
    ...ofAlertmanager,
    names: ["alertmanager", "prometheus-alertmanager"],
    path: "usr/bin/prometheus-alertmanager",
  },
  postgresExporter: exporterOf("prometheus-postgres-exporter"),
  redisExporter: exporterOf("prometheus-redis-exporter"),
  amtool: { ...ofAlertmanager, names: ["amtool"], path: "usr/bin/amtool" },
} as const satisfies Readonly<Record<string, DebianProgram>>;

/**
 * How Alertmanager is started. Debian's reads its templates below /usr/share wherever it stands itself: an unpacked one sees its
 * package's folder there, in a mount namespace of its own.
 */
export function alertmanagerCommand(cache: string, { path }: Program): string[] {
  const { folder } = prometheusPrograms.alertmanager;
  const own = join(cache, folder, "usr/share");
  if (!path.startsWith(join(cache, folder)) || !existsSync(own)) return [path];
  return ["unshare", "-r", "-m", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', own, path];
}
