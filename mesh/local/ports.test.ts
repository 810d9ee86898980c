import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePorts, isFree } from "./free-ports.ts";
import { LocalFailure } from "./local-failure.ts";
import { listeningInodes } from "./port-holder.ts";
import { developmentPorts, refuseTakenPorts, suggestedOffsets, testPorts } from "./ports.ts";

test("the designed ports, and all of them moved", () => {
  expect(developmentPorts("0")).toMatchObject({ gateway: 8080, admin: 9080, user: 8081, notification: 8085 });
  expect(developmentPorts("1000")).toMatchObject({ gateway: 9080, smtp: 2025 });
});

test.each(["-1", "1.5", "many", "56001", ""])("an offset of %p is refused", (offset) => {
  expect(() => developmentPorts(offset)).toThrow(LocalFailure);
});

test.each([...suggestedOffsets])("a system moved by %p runs beside one that is not", (offset) => {
  const designed = new Set(Object.values(developmentPorts("0")));
  const moved = Object.values(developmentPorts(String(offset)));
  expect(moved.filter((port) => designed.has(port) || port === 10_080)).toEqual([]);
});

test("a taken port is named, with who has it", async () => {
  const ports = await testPorts();
  expect(new Set(Object.values(ports)).size).toBe(Object.keys(ports).length);
  await refuseTakenPorts(ports);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(ports.order, "127.0.0.1", resolve));
  try {
    expect(await isFree(ports.order)).toBe(false);
    const refused = await refuseTakenPorts(ports).catch((error: Error) => error.message);
    expect(refused).toContain(`Port ${ports.order} (order) is taken by`);
    if (process.platform === "linux") expect(refused).toContain(`(process ${process.pid})`);
  } finally {
    server.close();
  }
});

test("free ports differ and lie below those of outgoing connections", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test("a port is given to one asker only, whichever process asks", async () => {
  const all = new Set(await freePorts(300));
  const script = `import { freePorts } from ${JSON.stringify(join(import.meta.dir, "free-ports.ts"))};
console.log(JSON.stringify(await freePorts(300)));`;
  const asked = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  const others: number[] = JSON.parse(asked.stdout);
  expect(others.filter((port) => all.has(port))).toEqual([]);
});

test("only the listening socket of that port is found in /proc/net/tcp", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1",
    "   1: 0100007F:1F90 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 4712 1",
    "   2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1",
  ].join("\n");
  expect(listeningInodes(table, 8080)).toEqual(["4711"]);
});
