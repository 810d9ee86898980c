import type { Mailbox } from "../../services/notification/mailbox/mailbox.ts";
import type { HandedMails } from "../audit/mails.ts";

/** What the mailbox took, by key. It reads each mail once, and only the head: parsing thousands takes long. */
export function createMailReader({ messages }: Mailbox): () => HandedMails {
  const byKey = new Map<string, Set<string>>();
  let read = 0;
  return () => {
    for (; read < messages.stats.received; read += 1) {
      const raw = messages.raw(String(read + 1));
      const head = raw?.subarray(0, 4096).toString("latin1") ?? "";
      const key = /^X-EcoTrack-Key: *(\S+)/im.exec(head)?.[1];
      const id = /^Message-ID: *(\S+)/im.exec(head)?.[1];
      if (key === undefined || id === undefined) continue;
      byKey.set(key, (byKey.get(key) ?? new Set()).add(id));
    }
    return byKey;
  };
}
