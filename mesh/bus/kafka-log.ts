import { type logCreator, logLevel } from "kafkajs";
import type { Log } from "#observability/log";

/**
 * kafkajs logs as an error whatever it is about to try again (a coordinator that still loads, a connection that was
 * closed), and what it cannot mend reaches us as a rejection or a crash. So nothing of it is above a warning here.
 */
export function kafkaLog(log: Log): logCreator {
  return () =>
    ({ namespace, level, log: { message, error, ...fields } }) => {
      const details = { namespace, broker: fields.broker, cause: error };
      const passing = level !== logLevel.ERROR || message.startsWith("[Connection] Response");
      if (passing) log.debug(details, `kafkajs: ${message}`);
      else log.warn(details, `kafkajs: ${message}`);
    };
}
