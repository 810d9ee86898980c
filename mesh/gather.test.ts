import { expect, test } from "bun:test";
import postgres from "postgres";
import { gather } from "./gather.ts";

const refusal = () =>
  Object.assign(Object.create(postgres.PostgresError.prototype) as Error, { code: "23514" });

test("calls of one moment are one batch, each with its own answer", async () => {
  const batches: (readonly number[])[] = [];
  const double = gather<number, number>({
    together: async (batch) => {
      batches.push(batch);
      return batch.map((each) => each * 2);
    },
  });
  expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6]);
  expect(batches).toEqual([[1, 2, 3]]);
});

test("batches keep their distance and their size; nobody is left behind", async () => {
  const begun: number[] = [];
  const sizes: number[] = [];
  const same = gather<number, number>({
    most: 4,
    everyMs: 20,
    together: async (batch) => {
      begun.push(performance.now());
      sizes.push(batch.length);
      return batch;
    },
  });
  await same(0);
  const all = Array.from({ length: 10 }, (_, at) => at);
  expect(await Promise.all(all.map(same))).toEqual(all);
  expect(sizes).toEqual([1, 4, 4, 2]);
  expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThan(15);
});

test("what the database refuses fails alone", async () => {
  const kept: number[] = [];
  const positive = gather<number, string>({
    together: async (batch) => {
      if (batch.some((each) => each < 0)) throw refusal();
      kept.push(...batch);
      return batch.map(() => "kept");
    },
  });
  const outcomes = await Promise.allSettled([1, -1, 2].map(positive));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(kept).toEqual([1, 2]);
});

test("a lost connection fails all of the batch and nothing is tried again", async () => {
  let tried = 0;
  const lost = gather<number, number>({
    together: () => {
      tried += 1;
      return Promise.reject(new Error("CONNECTION_CLOSED"));
    },
  });
  const outcomes = await Promise.allSettled([1, 2].map(lost));
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(tried).toBe(1);
});
