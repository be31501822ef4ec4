/**
 * A SoftHSM2 token of a region's own: its own token folder and configuration, so that one
 * region's process sees no other's token. SoftHSM finds the configuration by SOFTHSM2_CONF, which the
 * process that owns the token sets before it loads the library.
 *
 * The PINs are random and lie in files of mode 0600; softhsm2-util would take them as arguments, which every
 * user of the machine can read, so a short child process makes the token through PKCS#11. SoftHSM keeps keys
 * encrypted under the PIN on the same disk: it protects against code that reaches only the library, not
 * against who reads the folder.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PavilionError } from "../../errors/errors.ts";

export interface Token {
  readonly libraryPath: string;
  /** The value of SOFTHSM2_CONF. */
  readonly configFile: string;
  readonly label: string;
  readonly pin: string;
  readonly soPin: string;
}

export interface TokenOptions {
  /** The token's folder, absolute; made if absent. */
  readonly dir: string;
  /** 1 to 32 letters, digits, dots, - and _. */
  readonly label: string;
}

/**
 * Makes the folder's token, or finds the one that was made before. CONFIG_INVALID, PART_MISSING, PART_START_FAILED;
 * HSM_LOGIN_FAILED where the token is there and its PIN is gone.
 */
export async function initToken(options: TokenOptions): Promise<Token> {
  const { dir, label } = options;
  if (!/^[A-Za-z0-9._-]{1,32}$/.test(label)) {
    throw new PavilionError("CONFIG_INVALID", "A token's label has 1 to 32 letters, digits, dots, - and _.");
  }
  requireReadable(dir);
  const libraryPath = softhsmLibrary();
  const configFile = join(dir, "softhsm2.conf");
  const tokenFile = join(dir, "token.json");
  const tokenDir = join(dir, "tokens");
  if (existsSync(tokenFile)) {
    writeConfig(configFile, tokenDir); // the folder may have been moved since
    return { libraryPath, configFile, ...rememberedToken(tokenFile, label) };
  }
  // Written before the token is made: where it still bears this name, the making was interrupted, and nothing rests on its keys.
  const making = `${tokenFile}.new`;
  if (!existsSync(making)) requireNoToken(tokenDir, tokenFile);
  const made = { label, pin: randomPin(), soPin: randomPin() };
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(making, JSON.stringify(made), { mode: 0o600 });
  rmSync(tokenDir, { recursive: true, force: true });
  mkdirSync(tokenDir, { recursive: true, mode: 0o700 });
  writeConfig(configFile, tokenDir);
  await makeToken(configFile, { libraryPath, ...made });
  renameSync(making, tokenFile);
  return { libraryPath, configFile, ...made };
}

/** A region's keys are never replaced without a word: everything that it ever sealed, signed and logged rests on them. */
function requireNoToken(tokenDir: string, tokenFile: string): void {
  if (!existsSync(tokenDir) || readdirSync(tokenDir).length === 0) return;
  throw new PavilionError(
    "HSM_LOGIN_FAILED",
    `The keys of this region are in ${tokenDir}, and ${tokenFile}, which holds their PIN, is gone.`,
    "Put the file back from a copy. Without it nothing of the region can be opened: to begin anew, run ./pavilion down --erase.",
  );
}

/** SoftHSM ends the path of its tokens at any of these, and knows no way to quote them. */
export const hasTokenPath = (dir: string): boolean => !/[#=\r\n]/.test(dir);

/** Throws CONFIG_INVALID. */
function requireReadable(dir: string): void {
  if (hasTokenPath(dir)) return;
  throw new PavilionError(
    "CONFIG_INVALID",
    `SoftHSM, which keeps the keys, cannot read a path with #, = or a line break in it, and ${JSON.stringify(dir)} has one.`,
    "Set PAVILION_HOME to a folder without them, or TMPDIR where it is the demo.",
  );
}

/** Replaced as a whole: a process that has the token open may read it. */
function writeConfig(configFile: string, tokenDir: string): void {
  writeFileSync(
    `${configFile}.new`,
    `directories.tokendir = ${tokenDir}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  renameSync(`${configFile}.new`, configFile);
}

/** Where Debian's softhsm2 puts its library. PART_MISSING. */
function softhsmLibrary(): string {
  const folders = ["/usr/lib", ...readdirSync("/usr/lib").map((name) => join("/usr/lib", name))];
  const library = folders
    .map((folder) => join(folder, "softhsm", "libsofthsm2.so"))
    .find((file) => existsSync(file));
  if (library !== undefined) return library;
  throw new PavilionError("PART_MISSING", "SoftHSM2 is not installed.", "Install Debian's package softhsm2.");
}

function randomPin(): string {
  return randomBytes(24).toString("base64url");
}

function rememberedToken(tokenFile: string, label: string): Pick<Token, "label" | "pin" | "soPin"> {
  const token = JSON.parse(readFileSync(tokenFile, "utf8")) as Pick<Token, "label" | "pin" | "soPin">;
  if (token.label === label) return token;
  throw new PavilionError(
    "CONFIG_INVALID",
    "The token's folder holds a token with a different label.",
    "Give each token a folder of its own.",
  );
}

/** What softhsm-token.ts reads from its standard input, as JSON. */
export interface TokenRequest {
  readonly libraryPath: string;
  readonly label: string;
  readonly pin: string;
  readonly soPin: string;
}

async function makeToken(configFile: string, request: TokenRequest): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "softhsm-token.ts")], {
    env: { ...process.env, SOFTHSM2_CONF: configFile },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  const complaint = text(child.stderr);
  child.stdin.on("error", () => undefined); // it ended before it read; its exit code says so
  child.stdin.end(JSON.stringify(request));
  const [code, signal] = (await ended) as [number | null, string | null];
  if (code === 0) return;
  const lastLines = (await complaint).trimEnd().split("\n").slice(-6).join("\n");
  throw new PavilionError(
    "PART_START_FAILED",
    `SoftHSM did not make the token: ${signal ?? `exit code ${String(code)}`}\n${lastLines}`,
    "See what SoftHSM says; its folder must be writable.",
  );
}
