/**
 * Why a batch is not taken. A batch is rejected whole, whatever the number of its faults. Any other PavilionError, such
 * as a failing HSM's, is no fault of the batch.
 */
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";

/** `message` and `rows` are for the provider that pushed the batch; the message holds no token, value or count. */
export class RejectedBatch extends PavilionError {
  /** Indices of the records at fault, from 0. Empty where the batch as a whole is. */
  readonly rows: readonly number[];

  constructor(code: ErrorCode, message: string, rows: readonly number[] = []) {
    super(code, message);
    this.rows = rows;
  }
}
