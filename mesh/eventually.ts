/**
 * Repeats `attempt` until it neither throws nor gives `undefined`, and returns what it gave.
 * For tests that wait for something another process does.
 * @throws the last error, or one that says how long was waited (milliseconds)
 */
export async function eventually<T>(
  attempt: () => Promise<T | undefined> | T | undefined,
  { withinMs = 5000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let failure: unknown = new Error(`Nothing came within ${withinMs} ms`);
  do {
    try {
      const value = await attempt();
      if (value !== undefined) return value;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  } while (performance.now() < deadline);
  throw failure;
}
