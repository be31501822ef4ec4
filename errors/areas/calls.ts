import type { Area } from "../area.ts";

export const calls = {
  title: "Calls",
  about:
    "Answered to whoever calls the region over HTTP, as problem details (RFC 9457), before any pipeline hears of the call.",
  codes: {
    CALL_UNREADABLE: {
      status: 400,
      audience: ["asker"],
      when: "What was sent is not HTTP, or its body is not JSON in UTF-8, names a member twice, or is nested too deep.",
      remedy: "Send what the interface's description at /openapi.json says, as JSON in UTF-8.",
    },
    CALL_INVALID: {
      status: 400,
      audience: ["asker"],
      when: "A parameter or the body does not follow the schema that the interface's description gives.",
      remedy: "Correct what the message names, as /openapi.json describes it.",
    },
    CALL_UNAUTHENTICATED: {
      status: 401,
      audience: ["asker"],
      when: "The call brings no token, more than one, or one that is not admitted or no longer.",
      remedy:
        "Send `Authorization: Bearer TOKEN` with the token that the region's operator gave you; ask for a new one where it has ended.",
    },
    CALL_FORBIDDEN: {
      status: 403,
      audience: ["asker"],
      when: "The token is admitted, but not for this.",
      remedy: "Call with a token of a role that may, or ask the region's operator for one.",
    },
    ROUTE_UNKNOWN: {
      status: 404,
      audience: ["asker"],
      when: "Nothing answers at the address.",
      remedy: "Take the address from the interface's description at /openapi.json.",
    },
    METHOD_UNKNOWN: {
      status: 405,
      audience: ["asker"],
      when: "The address is known, but not with this method.",
      remedy: "Use a method that the answer's Allow header names.",
    },
    CALL_TOO_SLOW: {
      status: 408,
      audience: ["asker"],
      when: "The call did not arrive whole in time.",
      remedy: "Send it again, at once and over a steadier connection.",
    },
    CALL_TOO_LARGE: {
      status: 413,
      audience: ["asker"],
      when: "The body is larger than is read at the address.",
      remedy: "Send less at once; /openapi.json says how much each address takes.",
    },
    MEDIA_TYPE_UNKNOWN: {
      status: 415,
      audience: ["asker"],
      when: "The body is said to be something else than JSON, or is compressed.",
      remedy: "Send the body as it is, with `Content-Type: application/json`.",
    },
    TOO_MANY_CALLS: {
      status: 429,
      audience: ["asker"],
      when: "The caller has made as many calls to the address within a minute as it may.",
      remedy: "Wait as many seconds as the answer's Retry-After header says, then call again.",
    },
    HEADERS_TOO_LARGE: {
      status: 431,
      audience: ["asker"],
      when: "The headers are longer or more than are read.",
      remedy: "Send fewer and shorter headers.",
    },
    ANSWER_OVERDUE: {
      status: 503,
      audience: ["asker"],
      when: "The answer was not there in time. What was asked for may still have been done.",
      remedy: "Look whether it was done before you call again.",
    },
  },
} as const satisfies Area;
