/** The events of permits, as their schemas beside this file have them. */
import { bringSchemas } from "../../schemas/reading/avro-schemas.ts";
import type { RequestRef } from "../../schemas/avro/index.ts";

export interface PermitEntry {
  readonly holder: string;
  readonly purposes: readonly string[];
}

export interface PermitRequest {
  readonly requestId: string;
  readonly holder: string;
  readonly purpose: string;
}

export interface PermitGranted {
  readonly request: RequestRef;
  readonly holder: string;
}

export interface PermitRefused {
  readonly request: RequestRef;
  readonly code: string;
  readonly message: string;
}

export interface PermitReply {
  readonly requestId: string;
  readonly requestDigest: string;
  readonly granted: boolean;
  readonly code: string | null;
}

declare module "../../schemas/avro/index.ts" {
  interface EventTypes {
    PermitEntry: PermitEntry;
    PermitRequest: PermitRequest;
    PermitGranted: PermitGranted;
    PermitRefused: PermitRefused;
    PermitReply: PermitReply;
  }
}

bringSchemas(new URL("schemas/", import.meta.url));
