/** Every process that may call another one, by the name its tokens carry. */
export const serviceNames = [
  "gateway",
  "user-service",
  "product-service",
  "order-service",
  "payment-service",
  "notification-service",
] as const;

export type ServiceName = (typeof serviceNames)[number];
