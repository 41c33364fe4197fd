// A web shop in Node: asks what a store has, holds it, orders it, and follows the order until the store
// has the task. Takes its errands as JSON on standard input:
//
//   {image, stock, routing, token, item_id, location_id, order_id, request_ids: [uuid, uuid, uuid]}
//
// `image` is a file with the contracts as a descriptor set, so that no .proto of others is needed. Prints
// JSON: what each step answered, and the typed error that a hold of far too much got.

import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const DEADLINE_MS = 15_000;
const ASSIGNED_OR_LATER = ["STATE_ASSIGNED", "STATE_PICKING", "STATE_READY", "STATE_COLLECTED"];
const FAR_TOO_MANY = 1_000_000;

const errand = JSON.parse(readFileSync(0, "utf8"));
const definition = protoLoader.loadFileDescriptorSetFromBuffer(readFileSync(errand.image), {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
});
const { stock, routing } = grpc.loadPackageDefinition(definition).onhand.api;

const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${errand.token}`);
const open = (Service, target) => new Service(target, grpc.credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + DEADLINE_MS });

const call = (client, method, request) =>
  new Promise((resolve, reject) =>
    client[method](request, metadata, deadline(), (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );

// Of a failed call: its code, and the ErrorInfo among the details that came in the trailers.
function typed(error) {
  const [trailer] = error.metadata.get("grpc-status-details-bin");
  const status = definition["google.rpc.Status"].deserialize(trailer);
  const details = status.details.map(({ type_url, value }) => {
    const name = type_url.split("/").pop();
    return { type: name, ...definition[name].deserialize(value) };
  });
  const info = details.find(({ type }) => type === "google.rpc.ErrorInfo");
  // A map read through a descriptor comes as its entries.
  const facts = Object.fromEntries(info.metadata.map(({ key, value }) => [key, value]));
  return { code: grpc.status[error.code], reason: info.reason, domain: info.domain, metadata: facts };
}

function followUntilAssigned(orders) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const watch = orders.WatchOrder({ order_id: errand.order_id }, metadata, deadline());
    watch.on("data", ({ order }) => {
      const [{ state }] = order.lines;
      if (state !== seen.at(-1)) seen.push(state);
      if (ASSIGNED_OR_LATER.includes(state)) {
        watch.cancel();
        resolve({ order, seen });
      }
    });
    watch.on("error", (error) => reject(Object.assign(error, { seen })));
    watch.on("end", () => reject(new Error(`the watch ended after ${seen}`)));
  });
}

const availability = open(stock.v1.AvailabilityService, errand.stock);
const reservations = open(stock.v1.ReservationService, errand.stock);
const orders = open(routing.v1.OrderService, errand.routing);
const [holdId, submitId, refusedId] = errand.request_ids;
const { item_id, location_id, order_id } = errand;
const wanted = { item_id, location_id, quantity: 1 };

const before = await call(availability, "GetAvailability", {
  item_ids: [item_id],
  location_ids: [location_id],
});
const held = await call(reservations, "CreateReservation", {
  request_id: holdId,
  lines: [wanted],
  channel: "node",
});
const refused = await call(reservations, "CreateReservation", {
  request_id: refusedId,
  lines: [{ ...wanted, quantity: FAR_TOO_MANY }],
  channel: "node",
}).then(
  () => null,
  (error) => typed(error),
);
await call(orders, "SubmitOrder", {
  request_id: submitId,
  reservation_id: held.reservation.reservation_id,
  order: {
    order_id,
    channel: "node",
    customer: { display_name: "Ada", email: "ada@node.example" },
    method: "FULFILMENT_METHOD_COLLECT",
    collect_location_id: location_id,
    lines: [{ line_id: "1", item_id, quantity: 1 }],
  },
});
const { order, seen } = await followUntilAssigned(orders);

console.log(
  JSON.stringify({
    available: before.lines[0].availability.available,
    reservation: held.reservation,
    refused,
    order,
    seen,
  }),
);
