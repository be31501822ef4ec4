/** `collaboration check|sign|leave|publish`. */
import { publish as publishTerms } from "../terms/publishing.ts";
import { check as checkTerms, leave as leaveTerms, sign as signTerms } from "../terms/signing.ts";
import { collaborations } from "./kind.ts";

export const check = (args: string[]): Promise<number> => checkTerms(collaborations, args);
export const sign = (args: string[]): Promise<number> => signTerms(collaborations, args);
export const leave = (args: string[]): Promise<number> => leaveTerms(collaborations, args);
export const publish = (args: string[]): Promise<number> => publishTerms(collaborations, args);
