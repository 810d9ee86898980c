/**
 * What one of `members` takes and gives back of a topic's partitions: each may hold an equal share, rounded up, so that
 * all are held and everyone finds its own without a coordinator.
 */
export function fairShare({
  partitions,
  members,
  held,
  taken,
}: {
  partitions: readonly { readonly id: number }[];
  members: number;
  /** By this member. */
  held: { has(id: number): boolean };
  /** By anyone. */
  taken: { has(id: number): boolean };
}): { wanted: number[]; surplus: number[] } {
  const share = Math.ceil(partitions.length / Math.max(1, members));
  const ids = partitions.map(({ id }) => id);
  const mine = ids.filter((id) => held.has(id));
  const free = ids.filter((id) => !taken.has(id));
  return { wanted: free.slice(0, Math.max(0, share - mine.length)), surplus: mine.slice(share) };
}
