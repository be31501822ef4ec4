/** `population check|sign|leave|publish`. */
import { publish as publishTerms } from "../terms/publishing.ts";
import { check as checkTerms, leave as leaveTerms, sign as signTerms } from "../terms/signing.ts";
import { populations } from "./kind.ts";

export const check = (args: string[]): Promise<number> => checkTerms(populations, args);
export const sign = (args: string[]): Promise<number> => signTerms(populations, args);
export const leave = (args: string[]): Promise<number> => leaveTerms(populations, args);
export const publish = (args: string[]): Promise<number> => publishTerms(populations, args);
