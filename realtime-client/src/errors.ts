export interface ErrorFields {
  code: string;
  message?: string;
  retryable?: boolean;
  retryAfter?: number;
  details?: unknown;
}

/**
 * An `error` or `left` frame, or a failure on this side: `closed`, `timeout`, `unavailable`, `too-large`, `limit`, `left`,
 * `overflow`.
 */
export class RealtimeError extends Error {
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds to wait before that. */
  readonly retryAfter?: number;
  readonly details?: unknown;

  constructor(fields: ErrorFields) {
    super(fields.message || fields.code);
    this.name = "RealtimeError";
    this.code = fields.code;
    this.retryable = !!fields.retryable;
    this.retryAfter = fields.retryAfter;
    this.details = fields.details;
  }
}

export const failure = (code: string, retryable?: boolean, message?: string, details?: unknown) =>
  new RealtimeError({ code, retryable, message, details });
