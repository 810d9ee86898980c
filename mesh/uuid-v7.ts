import { uuidv7 } from "uuidv7";

/** A new UUID whose order is the order of its making (RFC 9562 §5.7), so that indexes grow at one end. */
export const uuidV7 = (): string => uuidv7();
