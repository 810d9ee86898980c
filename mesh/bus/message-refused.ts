/** The bus is there and will never take this batch as it is: one of its messages, or all of them together, is at fault. */
export class MessageRefused extends Error {
  override readonly name = "MessageRefused";
}
