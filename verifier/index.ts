/** What the verifier's package offers to programs: bundles verified and logs audited, offline, by a trust file's roots. */
export { verify, type Options } from "./verify.ts";
export { holds, type Check, type Checklist, type Status } from "./checklist.ts";
export { reportLines, reportObject, type Paint } from "./report.ts";
export { LogAudit, type AuditReport } from "./audit.ts";
export type { AuditFault } from "./audit-faults.ts";
export { readTrust } from "./trust.ts";
export type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
export type { AnchoredLeaf } from "../schemas/avro/AnchoredLeaf.ts";
