// The handlers beside which we are measured: three tasks that each add a field, run in two ways.
//
//     node restate.mjs PORT
//
// "orders/calls" calls three handlers, each an invocation of its own, as three Lambda tasks are;
// "orders/steps" runs the three inside one invocation, each a journalled step.
import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";
import { charge, reserve, ship } from "./tasks.mjs";

// The SDK wants what came with Node.js 22.
Promise.withResolvers ??= () => {
    const made = {};
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
};

const tasks = restate.service({
    name: "tasks",
    handlers: {
        reserve: async (_, order) => reserve(order),
        charge: async (_, order) => charge(order),
        ship: async (_, order) => ship(order),
    },
});

const orders = restate.service({
    name: "orders",
    handlers: {
        calls: async (context, order) => {
            const client = context.serviceClient(tasks);
            return client.ship(await client.charge(await client.reserve(order)));
        },
        steps: async (context, order) => {
            const reserved = await context.run("reserve", () => reserve(order));
            const charged = await context.run("charge", () => charge(reserved));
            return context.run("ship", () => ship(charged));
        },
    },
});

http2.createServer(restate.createEndpointHandler({ services: [tasks, orders] })).listen(Number(process.argv[2]), "127.0.0.1");
