/** How many repeats a client may still make. Keeps a broken service from being hit by three times the traffic. */
export interface RetryBudget {
  /** One first attempt was made. */
  deposit(): void;
  /** Whether one repeat may be made; it is counted. */
  withdraw(): boolean;
}

/** @param ratio repeats per first attempt; @param reserve repeats that may be made before the first call */
export function createRetryBudget({
  ratio = 0.2,
  reserve = 10,
}: {
  ratio?: number;
  reserve?: number;
} = {}): RetryBudget {
  const most = reserve * 10;
  let balance = reserve;
  return {
    deposit() {
      balance = Math.min(balance + ratio, most);
    },
    withdraw() {
      if (balance < 1) return false;
      balance -= 1;
      return true;
    },
  };
}
