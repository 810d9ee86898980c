import { setTimeout as wait } from "node:timers/promises";
import type { Purchase } from "./purchase.ts";

const patienceMs = 5000;
const againAfterMs = 500;

/** Presses a button on a page of the sandbox, again until it is taken. @param name for the purchase's history */
export async function pressButton(
  url: string,
  name: string,
  { tries }: Pick<Purchase, "tries">,
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    const status = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(patienceMs),
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    tries.push(`${new Date().toISOString().slice(11, 23)} ${name} ${status} after 0 ms`);
    if (status === 303) return;
    await wait(againAfterMs);
  }
}
