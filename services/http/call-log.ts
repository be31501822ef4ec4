/**
 * What is logged of calls: ids, names and numbers of the server's own, and nothing that a caller wrote. Of a defect its kind and where
 * it is, since its message may quote the call; an expected failure's message quotes nothing.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { Caller } from "../../runtime/contract/route.ts";
import type { Log } from "../../runtime/log.ts";

const FRAMES_MAX = 5;

export interface CallLog {
  done(call: {
    readonly id: string;
    readonly route: string;
    readonly caller: Caller | undefined;
    readonly status: number;
    readonly ms: number;
  }): void;
  failed(id: string, route: string, error: unknown): void;
}

export function callLog(log: Log | undefined): CallLog {
  return {
    done({ id, route, caller, status, ms }) {
      log?.[caller === undefined ? "debug" : "info"](
        { call: id, route, caller: caller?.name, status, ms },
        "call answered",
      );
    },
    failed(id, route, error) {
      log?.error({ call: id, route, ...described(error) }, "call failed");
    },
  };
}

function described(error: unknown): object {
  if (error instanceof PavilionError) return { code: error.code, message: error.message };
  if (!(error instanceof Error)) return { kind: "unknown" };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^ +at /.test(line));
  return { kind: error.name, at: frames.slice(0, FRAMES_MAX).map((frame) => frame.trim()) };
}
