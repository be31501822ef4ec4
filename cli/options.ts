/** Options that several commands take, in the same words. */
import { flag, text } from "./command.ts";

export const json = flag("prints the outcome as one line of JSON");
/** Of a command that tells people how it goes on. */
export const jsonAtTheEnd = flag(
  "ends with one line of JSON, and prints what a person follows on standard error",
);
export const region = text("the region; the stack's first one unless given");
export const provider = text("the provider, by the name that its keys were made under");
export const broker = text("the broker, by the name that its keys were made under");
export const trust = text("the trust file: the keys, circuits, policies and contract that you believe in");
export const config = text("a connector's configuration file; of the running stack unless given");
