/** Where the running system answers, and what is needed to look behind its gateway. `bun run test` sets all of it. */
export const system = {
  gateway: wanted("GATEWAY_URL"),
  admin: wanted("ADMIN_URL"),
  mailbox: wanted("MAILBOX_URL"),
  sandbox: wanted("SANDBOX_URL"),
  traces: wanted("TRACES_URL"),
  /** The folder of its log files. */
  logs: wanted("LOGS_FOLDER"),
  services: {
    user: wanted("USER_SERVICE_URL"),
    product: wanted("PRODUCT_SERVICE_URL"),
    order: wanted("ORDER_SERVICE_URL"),
    payment: wanted("PAYMENT_SERVICE_URL"),
    notification: wanted("NOTIFICATION_SERVICE_URL"),
  },
  databases: {
    user: wanted("USER_DATABASE_URL"),
    product: wanted("PRODUCT_DATABASE_URL"),
    order: wanted("ORDER_DATABASE_URL"),
    payment: wanted("PAYMENT_DATABASE_URL"),
    notification: wanted("NOTIFICATION_DATABASE_URL"),
  },
  admins: { email: wanted("DEMO_ADMIN_EMAIL"), password: wanted("DEMO_ADMIN_PASSWORD") },
};

function wanted(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: journeys run by \`bun run test tests/journeys\``);
  return value;
}
