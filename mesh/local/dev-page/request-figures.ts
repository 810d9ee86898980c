import type { Samples } from "./prometheus-text.ts";
import { sumOf } from "./prometheus-text.ts";

/** Of one process at one moment, all counted since it began. */
export interface RequestCounts {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly requests: number;
  /** Answers of 500 and above. */
  readonly failures: number;
  /** Requests that took at most so many seconds, by that number. */
  readonly buckets: ReadonlyMap<number, number>;
}

/** Of the time between two moments. */
export interface RequestFigures {
  readonly perSecond: number;
  readonly failures: number;
  /** In milliseconds; undefined where there was no request. */
  readonly p95Ms: number | undefined;
}

const duration = "http_server_request_duration_seconds";

/** What is asked by the processes themselves is no traffic. */
const isTraffic = ({ route = "" }: Readonly<Record<string, string>>): boolean =>
  !/^\/(openapi\.json|\.well-known|health|metrics)/.test(route);

export function requestCounts(samples: Samples, at: number): RequestCounts {
  const buckets = new Map<number, number>();
  for (const { labels, value } of samples.get(`${duration}_bucket`) ?? []) {
    const most = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
    if (isTraffic(labels)) buckets.set(most, (buckets.get(most) ?? 0) + value);
  }
  const statusOf = (labels: Readonly<Record<string, string>>) =>
    Number(labels.status ?? labels.http_response_status_code);
  return {
    at,
    requests: sumOf(samples, `${duration}_count`, isTraffic) ?? 0,
    failures:
      sumOf(samples, `${duration}_count`, (labels) => isTraffic(labels) && statusOf(labels) >= 500) ?? 0,
    buckets,
  };
}

/** A process that was started again counts from nothing: then all it counted is what came since. */
export function requestFigures(before: RequestCounts | undefined, now: RequestCounts): RequestFigures {
  const base = before !== undefined && before.requests <= now.requests ? before : undefined;
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  const requests = now.requests - (base?.requests ?? 0);
  const grown = [...now.buckets]
    .map(([most, count]) => ({ most, count: count - (base?.buckets.get(most) ?? 0) }))
    .sort((a, b) => a.most - b.most);
  return {
    perSecond: seconds > 0 ? requests / seconds : 0,
    failures: now.failures - (base?.failures ?? 0),
    p95Ms: before === undefined ? undefined : quantile(0.95, grown),
  };
}

/** As Prometheus does it: evenly within the bucket; of the last one, which has no end, its beginning. */
function quantile(
  share: number,
  buckets: readonly { readonly most: number; readonly count: number }[],
): number | undefined {
  const all = buckets.at(-1)?.count ?? 0;
  if (all <= 0) return undefined;
  const rank = share * all;
  const at = buckets.findIndex(({ count }) => count >= rank);
  const low = at > 0 ? buckets[at - 1] : { most: 0, count: 0 };
  const high = buckets[at];
  if (low === undefined || high === undefined) return undefined;
  if (high.most === Number.POSITIVE_INFINITY) return low.most * 1000;
  const within = high.count === low.count ? 1 : (rank - low.count) / (high.count - low.count);
  return (low.most + (high.most - low.most) * within) * 1000;
}
