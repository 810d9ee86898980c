import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";

/**
 * Takes notes, in a table that only the prover makes, of every event that a service writes into its outbox, in the order
 * of the writing and with its content: the relay's own records of what it published prove nothing about the relay. What
 * was published before is noted without its content.
 */
export async function recordWrites(urls: readonly string[]): Promise<void> {
  const log = createLog({ service: "prove", level: "silent" });
  for (const url of urls) {
    const sql = openDatabase({ url, max: 1, applicationName: "prove", log });
    try {
      await sql.begin(async (tx) => {
        await tx`lock table outbox, outbox_published in share row exclusive mode`;
        await tx`create table outbox_written (position bigint, event_id uuid, key text, digest text)`;
        await tx`
          insert into outbox_written
          select row_number() over (order by id, place) - 1000000000, event_id, key, null
          from outbox_published, unnest(event_ids, keys) with ordinality as event (event_id, key, place)`;
        await tx`insert into outbox_written select id, event_id, key, md5(payload) from outbox`;
        await tx`
          create function note_written() returns trigger language plpgsql as $$
          begin
            insert into outbox_written select id, event_id, key, md5(payload) from fresh;
            return null;
          end $$`;
        await tx`
          create trigger note_written after insert on outbox referencing new table as fresh
          for each statement execute function note_written()`;
      });
    } finally {
      await sql.end();
    }
  }
}
