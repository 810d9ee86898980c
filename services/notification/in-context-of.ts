import { continueTrace, runWith } from "#observability/context";

/** Does `work` as part of what the notification came from, so that its log lines and events carry the same ids. */
export const inContextOf = <T>(
  notification: { readonly traceparent: string | null; readonly correlationId: string | null },
  work: () => T,
): T => runWith(continueTrace(notification.traceparent, notification.correlationId), work);
