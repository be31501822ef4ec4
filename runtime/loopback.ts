/**
 * Keeps what goes to this machine's own address off a proxy. With NODE_USE_ENV_PROXY, Node sends every request through the
 * proxy that the environment names, those to the loopback address too, unless NO_PROXY lists it: a proxy elsewhere would
 * look for the registry or the chain on its own machine. Endpoints elsewhere go as the environment says.
 */
import http from "node:http";
import https from "node:https";

const own = ["localhost", "127.0.0.1", "::1", "[::1]"];

/** Once a process is enough; whoever makes a client that may speak to the loopback address calls it before. */
export function spareLoopback(): void {
  const { env } = process;
  // The one in small letters wins where both are set.
  const isChanged = [addTo("NO_PROXY"), env.no_proxy !== undefined && addTo("no_proxy")].includes(true);
  if (!isChanged || env.NODE_USE_ENV_PROXY !== "1") return;
  // fetch reads the list anew; these agents, otherwise as Node makes them, read it when they are made.
  const options = { keepAlive: true, timeout: 5_000, proxyEnv: env };
  http.globalAgent = new http.Agent(options);
  https.globalAgent = new https.Agent(options);
}

function addTo(name: "NO_PROXY" | "no_proxy"): boolean {
  const listed = (process.env[name] ?? "").split(/[\s,]+/).filter((host) => host !== "");
  const missing = own.filter((host) => !listed.includes(host));
  if (missing.length === 0 || listed.includes("*")) return false;
  process.env[name] = [...listed, ...missing].join(",");
  return true;
}
