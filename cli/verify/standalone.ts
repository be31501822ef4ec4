#!/usr/bin/env node
/** `pavilion-verify`: the command by itself, as the verifier's package installs it. */
import { isMisuse } from "../../errors/misuse.ts";
import { verify } from "./command.ts";

const usage = `Usage: pavilion-verify ${verify.usage}`;
const args = process.argv.slice(2);

if (args.includes("--help") || args.includes("-h")) {
  console.log(`${usage}\n\n${verify.does}`);
} else {
  try {
    process.exitCode = await verify.run(args);
  } catch (error) {
    if (!isMisuse(error)) throw error;
    console.error(`pavilion-verify: ${error.message}\n  ${usage}`);
    process.exitCode = 2;
  }
}
