// What both sides run: three tasks that each add a field.
export const reserve = (order) => ({ ...order, reserved: true });
export const charge = (order) => ({ ...order, charged: order.items.length });
export const ship = (order) => ({ ...order, shipped: "parcel" });
