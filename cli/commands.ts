/** Every command, by what it is about. What one needs to do its work is loaded when it is called. */
import { recover } from "./recover/commands.ts";
import { auditor } from "./auditor/commands.ts";
import { budget } from "./budget/command.ts";
import { collaboration } from "./collaboration/commands.ts";
import type { Command } from "./command.ts";
import { completion } from "./completion/command.ts";
import { deadLetters } from "./dead-letters/command.ts";
import { demo } from "./demo/command.ts";
import { doctor } from "./doctor/command.ts";
import { help } from "./help/command.ts";
import { operator } from "./operator/command.ts";
import { party } from "./party/commands.ts";
import { population } from "./population/commands.ts";
import { request } from "./request/command.ts";
import { requests } from "./requests/command.ts";
import { stack } from "./stack/commands.ts";
import { status } from "./status/command.ts";
import { trust } from "./trust/command.ts";
import { verify } from "./verify/command.ts";
import { version } from "./version/command.ts";

/** With the developers' commands, which nothing else loads. */
export const allCommands = async (): Promise<readonly Command[]> => [
  ...commands,
  ...(await import("./developer/commands.ts")).developer,
];

export const commands: readonly Command[] = [
  demo,
  ...stack,
  status,
  ...party,
  operator,
  ...population,
  ...collaboration,
  budget,
  request,
  requests,
  trust,
  ...auditor,
  ...recover,
  verify,
  deadLetters,
  doctor,
  completion(allCommands),
  version,
  help(allCommands),
];
