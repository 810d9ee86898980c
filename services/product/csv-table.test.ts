import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { integer, list, text } from "#mesh/settings";
import { readTable } from "./csv-table.ts";

const columns = {
  key: text("key", { pattern: /^[a-z]+$/ }),
  percent: integer("percent", { min: 0, max: 100 }),
  certificates: list("certificates", { default: [] }),
};
const head = "key,percent,certificates\n";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "csv-table-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string) {
  const file = join(folder, "table.csv");
  await writeFile(file, content);
  return readTable(pathToFileURL(file), columns, "key");
}

async function mistakesIn(content: string): Promise<string[]> {
  try {
    await read(content);
  } catch (error) {
    return (error as Error).message.split("\n").map((line) => line.replace(/^.*table\.csv:/, ""));
  }
  return [];
}

test("a cell is what its column says, a quoted one may have commas and quotes, an empty one is the default", async () => {
  expect(await read(`${head}wool,50,"RWS, GRS"\nflax,0,"say ""a"""\ncork,100,\n`)).toEqual([
    { key: "wool", percent: 50, certificates: ["RWS", "GRS"] },
    { key: "flax", percent: 0, certificates: ['say "a"'] },
    { key: "cork", percent: 100, certificates: [] },
  ]);
});

test("lines may end as they do in a spreadsheet", async () => {
  expect(await read(`${head}wool,50,\n`.replaceAll("\n", "\r\n"))).toEqual(await read(`${head}wool,50,\n`));
});

test.each([
  ["wool,fifty,\n", '2:6: percent is "fifty", expected an integer from 0 to 100'],
  ['"wool",101,\n', '2:8: percent is "101", expected an integer from 0 to 100'],
  ["wool,,\n", "2:6: percent is not set, expected an integer from 0 to 100"],
  ["Wool,1,\n", '2:1: key is "Wool", expected text that matches /^[a-z]+$/'],
  ["wool,1\n", "2:1: there are 2 columns, expected 3"],
  ["wool,1,RWS,GRS\n", "2:1: there are 4 columns, expected 3"],
  ["wool,1,\n\nflax,1,\n", "3:1: there are 1 columns, expected 3"],
  ['wool,1,"RWS\n', "2:8: a quote is not closed, or text stands beside it"],
  ['wool,1,"RWS"x\n', "2:8: a quote is not closed, or text stands beside it"],
  ['wool,1,a"b\n', "2:8: a quote is not closed, or text stands beside it"],
  ["wool,1,\nflax,1,\nwool,2,\n", '4:1: key is "wool", as in line 2'],
])("a mistake is told with its line and column: %p", async (rows, mistake) => {
  expect(await mistakesIn(head + rows)).toEqual([mistake]);
});

test("all mistakes are told at once", async () => {
  const mistakes = await mistakesIn(`${head}Wool,x,\nflax,1,\ncork\n`);
  expect(mistakes.map((mistake) => mistake.split(" ")[0])).toEqual(["2:1:", "2:6:", "4:1:"]);
});

test("columns that are not the ones wanted, in their order, are none", async () => {
  expect(await mistakesIn("percent,key,certificates\n1,wool,\n")).toEqual([
    '1:1: the first line is "percent,key,certificates", expected "key,percent,certificates"',
  ]);
});
