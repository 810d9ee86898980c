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

test("what comes while a batch is under way is the next one, in batches of the given size", async () => {
  const sizes: number[] = [];
  let finish = () => {};
  const same = gather<number, number>({
    most: 4,
    together: async (batch) => {
      sizes.push(batch.length);
      if (sizes.length === 1) {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      }
      return batch;
    },
  });
  const first = same(0);
  await new Promise(setImmediate);
  const all = Array.from({ length: 10 }, (_, at) => at);
  const others = Promise.all(all.map(same));
  await new Promise(setImmediate);
  expect(sizes).toEqual([1]);
  finish();
  expect(await first).toBe(0);
  expect(await others).toEqual(all);
  expect(sizes).toEqual([1, 4, 4, 2]);
});

test("a batch that is stuck holds nobody up for longer than patience", async () => {
  let calls = 0;
  const same = gather<number, number>({
    patienceMs: 20,
    together: (batch) => {
      calls += 1;
      return calls === 1 ? new Promise(() => {}) : Promise.resolve(batch);
    },
  });
  void same(0);
  await new Promise(setImmediate);
  expect(await Promise.all([1, 2, 3].map(same))).toEqual([1, 2, 3]);
  expect(calls).toBe(2);
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
