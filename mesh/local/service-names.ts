/** The folders of services/; the processes are called `<name>-service`. */
export const serviceNames = ["user", "product", "order", "payment", "notification"] as const;
export type ServiceName = (typeof serviceNames)[number];
