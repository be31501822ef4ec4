/** What the clients' package offers to programs: a Core Broker's client, an auditor's, and what opens them. */
export { openBrokerClient, type BrokerClient, type BrokerClientPlan } from "./broker/client.ts";
export { newRequest, requireAsked, signRequest, type Asked } from "./broker/request.ts";
export { openAuditorClient, type AuditorClient, type AuditorPlan } from "./auditor/client.ts";
export { openBroker } from "../keystore/parties.ts";
export { readConfig, readSecret } from "../../runtime/config.ts";
export { openLog, type Log } from "../../runtime/log.ts";
export { PavilionError } from "../../errors/errors.ts";
