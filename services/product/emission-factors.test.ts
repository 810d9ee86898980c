import { expect, test } from "bun:test";
import { gridIntensity, gridVerification, materials } from "./emission-factors.ts";
import { factorSources, type Verification } from "./factor-sources.ts";

const checked: Verification[] = [
  ...[...materials.values()].map(({ verification }) => verification),
  ...[...gridIntensity.keys()].map(() => gridVerification),
];
const countOf = (verification: Verification): number =>
  checked.filter((each) => each === verification).length;

test("the README counts the factors as they were checked", async () => {
  const readme = await Bun.file(new URL("README.md", import.meta.url)).text();
  for (const verification of ["compared", "secondary", "unverified"] as const) {
    const [, count] = new RegExp(`\\| \`${verification}\` +\\| +(\\d+) +\\|`).exec(readme) ?? [];
    expect({ verification, count: Number(count) }).toEqual({ verification, count: countOf(verification) });
  }
});

test("a factor that could not be read is never given as certain", () => {
  for (const [key, { verification, uncertaintyPercent }] of materials) {
    if (verification === "unverified")
      expect({ key, wide: uncertaintyPercent >= 45 }).toEqual({ key, wide: true });
  }
});

test("no source is listed that no factor is taken from", () => {
  const used = new Set<string>([...materials.values()].map(({ source }) => source));
  const unused = Object.keys(factorSources).filter((key) => key !== "ember" && !used.has(key));
  expect(unused).toEqual([]);
});
