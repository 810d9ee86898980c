import { expect, test } from "bun:test";
import { createRevocationList } from "./revocation-list.ts";

const hour = 3_600_000;

function list() {
  const clock = { now: 1_800_000_000_000, elapsed: 0 };
  const pass = (ms: number) => {
    clock.now += ms;
    clock.elapsed += ms;
  };
  return {
    clock,
    pass,
    list: createRevocationList({ now: () => clock.now, elapsed: () => clock.elapsed }),
  };
}

test("a session, a user's tokens before a time and everybody's before a time are revoked", () => {
  const { list: revoked, clock } = list();
  const second = clock.now / 1000;
  const until = clock.now + 900_000;
  revoked.addSession("s1", until);
  expect(revoked.isRevoked("s1", "u1", second)).toBe(true);
  expect(revoked.isRevoked("s2", "u1", second)).toBe(false);
  revoked.addIssuedBefore("u1", clock.now, until);
  expect(revoked.isRevoked("s2", "u1", second - 1)).toBe(true);
  expect(revoked.isRevoked("s2", "u1", second)).toBe(false);
  expect(revoked.isRevoked("s2", "u2", second - 1)).toBe(false);
  revoked.addIssuedBefore("", clock.now - 5000, until);
  expect(revoked.isRevoked("s2", "u2", second - 6)).toBe(true);
  expect(revoked.isRevoked("s2", "u2", second - 5)).toBe(false);
});

test("a token of the same second is older, unless its time has a fraction that says otherwise", () => {
  const { list: revoked, clock } = list();
  const second = clock.now / 1000;
  revoked.addIssuedBefore("u1", clock.now + 500, clock.now + 900_000);
  expect(revoked.isRevoked("", "u1", second)).toBe(true);
  expect(revoked.isRevoked("", "u1", second + 0.499)).toBe(true);
  expect(revoked.isRevoked("", "u1", second + 0.5)).toBe(false);
});

test("an earlier time that arrives late takes nothing back", () => {
  const { list: revoked, clock } = list();
  const second = clock.now / 1000;
  revoked.addIssuedBefore("u1", clock.now, clock.now + 900_000);
  revoked.addIssuedBefore("u1", clock.now - 60_000, clock.now + 1000);
  expect(revoked.isRevoked("", "u1", second - 1)).toBe(true);
});

test("a token without a session or without a user is not revoked by chance", () => {
  const { list: revoked, clock } = list();
  revoked.addSession("", clock.now + 900_000);
  expect(revoked.isRevoked("")).toBe(false);
});

test("entries are forgotten some time after their end, so memory stays flat", () => {
  const { list: revoked, clock, pass } = list();
  for (let nth = 0; nth < 1000; nth++) revoked.addSession(`s${nth}`, clock.now + 900_000);
  revoked.addIssuedBefore("u1", clock.now, clock.now + 900_000);
  pass(900_000);
  revoked.prune();
  expect(revoked.size()).toBe(1001);
  pass(hour);
  revoked.prune();
  expect(revoked.size()).toBe(0);
});

test("a clock that jumps ahead and back lets nothing in again", () => {
  const { list: revoked, clock } = list();
  revoked.addSession("s1", clock.now + 900_000);
  clock.now += 10 * hour;
  revoked.prune();
  clock.now -= 10 * hour;
  expect(revoked.isRevoked("s1")).toBe(true);
});

test("a clock that jumps back keeps what is revoked", () => {
  const { list: revoked, clock } = list();
  revoked.addSession("s1", clock.now + 900_000);
  clock.now -= 10 * hour;
  revoked.prune();
  expect(revoked.isRevoked("s1")).toBe(true);
});
