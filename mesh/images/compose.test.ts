import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { readSettings, type Setting, type Settings } from "#mesh/settings";

interface Container {
  readonly image: string;
  readonly build?: { readonly args: Readonly<Record<string, string>> };
  readonly command?: readonly string[] | string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } };
  };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

const root = join(import.meta.dir, "../..");
const file = parse(readFileSync(join(root, "compose.yaml"), "utf8"), {
  merge: true,
  // Against files of strangers, which this is none.
  maxAliasCount: -1,
}) as {
  services: Record<string, Container>;
  secrets: Record<string, { file: string }>;
};
const containers = Object.entries(file.services);
/** The processes that are ours, by the folder of their `config.ts`. */
const configured = containers.flatMap(([name, container]) => {
  const [, folder] = /^((?:services\/\w+|gateway))\/main\.ts$/.exec(container.command?.[0] ?? "") ?? [];
  return folder ? [{ name, folder, container }] : [];
});
const settingsOf = new Map<string, Settings>();
let secretsFolder: string;

beforeAll(async () => {
  for (const { folder } of configured) {
    const { settings } = (await import(join(root, folder, "config.ts"))) as { settings: Settings };
    settingsOf.set(folder, settings);
  }
  secretsFolder = join(mkdtempSync(join(tmpdir(), "secrets-")), "secrets");
  const made = Bun.spawnSync([process.execPath, "mesh/images/make-secrets.ts", secretsFolder], { cwd: root });
  expect(made.exitCode).toBe(0);
});

/** `${NAME:-value}` and `${NAME-value}` as compose replaces them when nothing is set. */
const replaced = (value: string | number) => String(value).replace(/\$\{\w+:?-([^}]*)\}/g, "$1");

function settingsFor(folder: string): Setting<unknown>[] {
  return Object.values(settingsOf.get(folder) ?? {});
}

test("all processes are there", () => {
  const folders = new Set(configured.map(({ folder }) => folder));
  expect([...folders].sort()).toEqual([
    "gateway",
    "services/notification",
    "services/order",
    "services/payment",
    "services/product",
    "services/user",
  ]);
});

describe("the environment is what the code reads", () => {
  for (const { name, folder, container } of configured) {
    test(`${name} is given nothing that it does not read`, () => {
      const known = settingsFor(folder).flatMap((each) =>
        each.secret ? [each.name, `${each.name}_FILE`] : [each.name],
      );
      expect(Object.keys(container.environment ?? {}).filter((key) => !known.includes(key))).toEqual([]);
    });
    test(`${name} starts with what it is given`, () => {
      const env: Record<string, string> = {};
      for (const [key, value] of Object.entries(container.environment ?? {})) {
        env[key] = replaced(value).replace("/run/secrets", secretsFolder);
      }
      expect(() => readSettings(name, env, settingsOf.get(folder) ?? {})).not.toThrow();
    });
    test(`${name} listens where its health is asked`, () => {
      if (!container.healthcheck || name.endsWith("-migrate") || name.endsWith("-seed")) return;
      const port = container.environment?.ADMIN_PORT ?? container.environment?.PORT;
      expect(container.healthcheck.test.at(-1)).toBe(String(port));
    });
  }
});

describe("secrets", () => {
  test("each one that is mounted is declared, made, and read from where it is mounted", () => {
    for (const [, { secrets = [], environment = {} }] of containers) {
      for (const secret of secrets) {
        expect(file.secrets[secret]?.file).toBe(`secrets/${secret}`);
        expect(existsSync(join(secretsFolder, secret))).toBe(true);
      }
      const read = Object.values(environment).flatMap(
        (value) => /^\/run\/secrets\/(\w+)$/.exec(String(value))?.[1] ?? [],
      );
      expect(read.filter((secret) => !secrets.includes(secret))).toEqual([]);
    }
  });
  test("none is written into the file", () => {
    const values = containers.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const suspicious = values.filter(
      ([key, value]) => /PASSWORD|SECRET|KEY/.test(key) && !key.endsWith("_FILE") && replaced(value) !== "",
    );
    expect(suspicious).toEqual([]);
  });
});

test("an image is told what it is built from, as its Dockerfile takes it and the code reads it", () => {
  const dockerfile = readFileSync(join(root, "mesh/images/Dockerfile"), "utf8");
  const taken = [...(/^ARG (.+)$/m.exec(dockerfile)?.[1] ?? "").matchAll(/(\w+)=/g)].map(([, name]) => name);
  for (const { folder, container } of configured) {
    expect(Object.keys(container.build?.args ?? {})).toEqual(taken as string[]);
    expect(settingsFor(folder).map(({ name }) => name)).toEqual(expect.arrayContaining(taken));
    expect(container.environment).not.toHaveProperty("BUILD_VERSION");
  }
});

test("accounts can have the tiers that the gateway knows", () => {
  const gateway = parse(readFileSync(join(root, "gateway/gateway.yaml"), "utf8")) as { tiers: string[] };
  const given = file.services["user-service"]?.environment?.TIERS ?? "";
  expect(replaced(given).split(",")).toEqual(gateway.tiers);
});

test("only the gateway is published, and the mailbox and Grafana to this machine alone", () => {
  const published = containers.flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${replaced(port)}`),
  );
  expect(published).toEqual([
    "gateway 8080:8080",
    "mailbox 127.0.0.1:8025:8025",
    "grafana 127.0.0.1:3000:3000",
  ]);
});

test("stores come first, then services, then the gateway", () => {
  const order = file.services["order-service"]?.depends_on ?? {};
  expect(Object.keys(order).sort()).toEqual([
    "kafka",
    "order-migrate",
    "payment-service",
    "postgres",
    "product-service",
    "redis",
  ]);
  const gateway = file.services.gateway?.depends_on ?? {};
  expect(Object.values(gateway).every(({ condition }) => condition === "service_healthy")).toBe(true);
  expect(Object.keys(gateway).length).toBe(5);
});

test("our containers cannot write to their image, and every image is pinned to a version", () => {
  for (const [name, { image, read_only }] of containers) {
    if (image.startsWith("ecotrack:")) expect([name, read_only]).toEqual([name, true]);
    else expect(image).toMatch(/:v?\d+\.\d+/);
  }
  const dockerfile = readFileSync(join(root, "mesh/images/Dockerfile"), "utf8");
  expect(dockerfile).toMatch(/^USER 65532:65532$/m);
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  const { bun } = (
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { devDependencies: { bun: string } }
  ).devDependencies;
  expect(bases).toEqual([`oven/bun:${bun}-slim`, `oven/bun:${bun}-distroless`]);
});

describe("the profile observability", () => {
  const observers = containers.filter(([, { profiles = [] }]) => profiles.includes("observability"));
  const named = (name: string) => file.services[name] ?? { image: "" };

  test("is complete, and nothing else waits for it", () => {
    expect(observers.map(([name]) => name).sort()).toEqual([
      "alertmanager",
      "collector",
      "grafana",
      "log-reader",
      "loki",
      "postgres-exporter",
      "postgres-monitor-role",
      "prometheus",
      "redis-exporter",
      "tempo",
    ]);
    const names = new Set(observers.map(([name]) => name));
    for (const [name, { depends_on = {} }] of containers) {
      if (!names.has(name))
        expect([name, Object.keys(depends_on).filter((each) => names.has(each))]).toEqual([name, []]);
    }
  });
  for (const [name, container] of observers) {
    test(`${name} may do little: nobody's rights, a system it cannot write to, a limit`, () => {
      const { user = "root", read_only, cap_drop, cap_add = [], deploy } = container;
      expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ["ALL"] });
      expect(deploy?.resources.limits).toEqual({ cpus: expect.any(String), memory: expect.any(String) });
      // Docker's files are root's: who reads them may do that and nothing else, and nobody can call it.
      if (name === "log-reader") expect([user, cap_add]).toEqual(["0:0", ["DAC_READ_SEARCH"]]);
      else expect([/^(root|0)(:|$)/.test(user), cap_add]).toEqual([false, []]);
    });
    test(`${name} finds the files that it is told to read`, () => {
      const mounts = (container.volumes ?? [])
        .map((volume) => volume.split(":"))
        .filter(([from]) => from?.startsWith("./"));
      expect(mounts.every(([, , mode]) => mode === "ro")).toBe(true);
      const words = [container.command ?? [], Object.values(container.environment ?? {})].flat();
      const read = words.flatMap((word) => /\/etc\/ecotrack\/\S+/.exec(String(word))?.[0] ?? []);
      for (const path of read) {
        const [from = "", to = ""] = mounts.find(([, to = ""]) => path.startsWith(to)) ?? [];
        expect([path, existsSync(join(root, path.replace(to, from)))]).toEqual([path, true]);
      }
    });
  }
  test("is where our processes send their traces, and where Grafana looks", () => {
    const endpoints = new Set(
      configured
        .filter(({ container }) => container.command?.length === 1)
        .map(({ container }) => replaced(container.environment?.OTEL_EXPORTER_OTLP_ENDPOINT ?? "")),
    );
    expect([...endpoints]).toEqual(["http://collector:4318"]);
    const sources = readFileSync(
      join(root, "observability/grafana/provisioning/datasources/datasources.yaml"),
      "utf8",
    );
    const hosts = [...sources.matchAll(/^ {4}url: http:\/\/([a-z]+):\d+$/gm)].map(([, host = ""]) => host);
    expect(hosts).toEqual(["prometheus", "tempo", "loki", "alertmanager"]);
    for (const host of hosts) expect(named(host).networks).toContain("inside");
  });
  test("has Prometheus look at every process that listens", () => {
    const scraped = readFileSync(join(root, "observability/prometheus/prometheus.yml"), "utf8");
    const { scrape_configs } = parse(scraped) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const hosts = scrape_configs
      .flatMap(({ static_configs }) => static_configs.flatMap(({ targets }) => targets))
      .map((target) => target.replace("localhost", "prometheus").split(":")[0] ?? "");
    const silent = ["log-reader", "postgres-monitor-role"];
    const listening = [
      ...configured.filter(({ container }) => container.command?.length === 1).map(({ name }) => name),
      ...observers.map(([name]) => name).filter((name) => !silent.includes(name)),
    ];
    expect(hosts.sort()).toEqual(listening.sort());
  });
  test("Alertmanager is given every secret that it reads", () => {
    const text = readFileSync(join(root, "observability/alertmanager/alertmanager.yml"), "utf8");
    const read = [...text.matchAll(/_file: \/run\/secrets\/(\w+)/g)].map(([, name = ""]) => name);
    expect([...new Set(read)].sort()).toEqual([...(named("alertmanager").secrets ?? [])].sort());
  });
  test("Grafana's password is a secret, and strangers see nothing", () => {
    expect(named("grafana").environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD__FILE: "/run/secrets/grafana_admin_password",
      GF_AUTH_ANONYMOUS_ENABLED: "false",
      GF_USERS_ALLOW_SIGN_UP: "false",
    });
  });
});
