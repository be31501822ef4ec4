/**
 * kafkajs looks after what waits on a connection by a timer, and sets it where nothing waits, too: with a negative delay,
 * which Node 24 warns of and takes for 1 ms, again and again on every connection. Here there is a timer only while
 * something waits. What is changed is kafkajs's own class, once a process, whoever opens clients in it.
 */
import { createRequire } from "node:module";

/** What of the class this is about; not part of kafkajs's public interface, hence held to version 2.2.4. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue/index.js") as {
  readonly prototype: RequestQueue;
};
const { scheduleCheckPendingRequests: schedule } = prototype;
if (typeof schedule !== "function") throw new Error("this is not the kafkajs that is known");

prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this);
};
