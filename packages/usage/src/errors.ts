/**
 * Every error that Tallygate raises, in one table: what a caller may branch on, what an HTTP route answers, what the CLI
 * exits with, and what cures it. Codes are stable: `TALLYGATE_<NOUN>_<PARTICIPLE>`.
 *
 * Exit codes: 0 ok, 1 failure, 2 usage, 3 check failed, 4 upstream unavailable.
 */
export const ERRORS = {
  TALLYGATE_ATTRIBUTION_MISSING: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Pass { attribution: { team, feature } } with the call, or name defaults in tallygate({ team, feature }).',
  },
  TALLYGATE_ATTRIBUTION_REFUSED: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Name a team that tallygate.yaml lists, or set "unknownTeams: unassigned" there.',
  },
  TALLYGATE_BUDGET_EXCEEDED: {
    httpStatus: 429,
    exitCode: 3,
    cure: 'Wait until the budget resets, or ask the platform team for a grant.',
  },
  TALLYGATE_BUDGET_UNKNOWN: {
    httpStatus: 404,
    exitCode: 2,
    cure: 'List the budgets with "tallygate budgets list".',
  },
  TALLYGATE_CLIENT_UNSUPPORTED: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Pass a client of @anthropic-ai/sdk 0.103 or newer, or give an older one the metered fetch: new Anthropic({ fetch: tally.fetch }).',
  },
  TALLYGATE_COMMAND_FAILED: {
    httpStatus: 500,
    exitCode: 1,
    cure: 'Run "tallygate doctor"; if it finds nothing, report the message with the command that was typed.',
  },
  TALLYGATE_CONFIGURATION_INVALID: { httpStatus: 400, exitCode: 2, cure: 'Correct the named setting.' },
  TALLYGATE_CONFIGURATION_OUTDATED: {
    httpStatus: 409,
    exitCode: 1,
    cure: 'Read the configuration again and retry.',
  },
  TALLYGATE_DENIAL_UNKNOWN: {
    httpStatus: 404,
    exitCode: 2,
    cure: 'Check the id; a denial of a moment ago may still wait in the spool of its application.',
  },
  TALLYGATE_DIRECTORY_OWNED: {
    httpStatus: 409,
    exitCode: 4,
    cure: 'Stop the process that owns it, or choose another directory with TALLYGATE_DATA.',
  },
  TALLYGATE_ENGINE_MISSING: {
    httpStatus: 503,
    exitCode: 4,
    cure: 'Install the embedded engine with "npm install chdb", or set TALLYGATE_CLICKHOUSE_URL.',
  },
  TALLYGATE_EXPORT_STOPPED: {
    httpStatus: 507,
    exitCode: 1,
    cure: 'Free disk space or name another directory, then run the same export again: it goes on with the first day without a file.',
  },
  TALLYGATE_FEATURE_PAUSED: {
    httpStatus: 429,
    exitCode: 3,
    cure: 'Wait until the pause ends, or end it with "tallygate budgets resume --feature <name>".',
  },
  TALLYGATE_GATE_UNAVAILABLE: {
    httpStatus: 503,
    exitCode: 4,
    cure: 'Check that Redis or the owner process is reachable; until then each budget follows its onOutage policy.',
  },
  TALLYGATE_KEY_REJECTED: {
    httpStatus: 401,
    exitCode: 4,
    cure: 'Check the key: reports need an admin key (sk-ant-admin01-…) of the organization.',
  },
  TALLYGATE_LEDGER_EXHAUSTED: {
    httpStatus: 503,
    exitCode: 1,
    cure: 'Ask for a shorter time or for fewer groups, or give the embedded engine more with TALLYGATE_LEDGER_MEMORY_MB.',
  },
  TALLYGATE_LEDGER_UNAVAILABLE: {
    httpStatus: 503,
    exitCode: 4,
    cure: 'Check the ClickHouse URL and that the server answers; recorded usage waits in the spool.',
  },
  TALLYGATE_MODEL_UNPRICED: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Publish a price for the model, or set unpricedModels to "dearest" or "like: <model>".',
  },
  TALLYGATE_MONEY_INVALID: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Write a decimal amount of USD, such as "500" or "0.25".',
  },
  TALLYGATE_PERIOD_CLOSED: {
    httpStatus: 409,
    exitCode: 1,
    cure: 'What came later is a correction in the next open month; to change it all the same: "tallygate close --month <month> --reopen --reason <text>".',
  },
  TALLYGATE_PROVIDER_UNAVAILABLE: {
    httpStatus: 502,
    exitCode: 4,
    cure: 'Check the network and the address (TALLYGATE_PROVIDER_URL where one is set), then try again.',
  },
  TALLYGATE_RECORD_OUTDATED: {
    httpStatus: 409,
    exitCode: 1,
    cure: 'Look at what is recorded now, and run the command again if it is still right.',
  },
  TALLYGATE_REPORT_MALFORMED: {
    httpStatus: 502,
    exitCode: 4,
    cure: "Try again; if it stays, the provider's report has changed shape and nothing was counted from it.",
  },
  TALLYGATE_REPORT_MISSING: {
    httpStatus: 404,
    exitCode: 1,
    cure: 'Run "tallygate reconcile" with an admin key in ANTHROPIC_ADMIN_KEY.',
  },
  TALLYGATE_REQUEST_FAILED: {
    httpStatus: 500,
    exitCode: 1,
    cure: 'Look for this moment in the log of the control plane; it is a defect of ours.',
  },
  TALLYGATE_REQUEST_INVALID: { httpStatus: 400, exitCode: 2, cure: 'Correct the named field.' },
  TALLYGATE_ROUTE_UNKNOWN: {
    httpStatus: 404,
    exitCode: 2,
    cure: 'Use the same version of tallygate on both sides.',
  },
  TALLYGATE_SPOOL_FAILED: {
    httpStatus: 503,
    exitCode: 1,
    cure: 'Free disk space or correct the rights of the data directory.',
  },
  TALLYGATE_SPOOL_FULL: {
    httpStatus: 503,
    exitCode: 4,
    cure: 'See what waits with "tallygate spool status"; let the ledger take it, or raise TALLYGATE_SPOOL_MAX_BYTES.',
  },
  TALLYGATE_TOKEN_REJECTED: {
    httpStatus: 401,
    exitCode: 4,
    cure: 'Send the bearer token that stands in <data>/token, or set TALLYGATE_TOKEN.',
  },
  TALLYGATE_VERSION_UNSUPPORTED: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Upgrade tallygate to the version that wrote it.',
  },
  TALLYGATE_ZONE_UNKNOWN: {
    httpStatus: 400,
    exitCode: 2,
    cure: 'Use an IANA name such as "UTC" or "Europe/Berlin".',
  },
} as const satisfies Record<string, { httpStatus: number; exitCode: 1 | 2 | 3 | 4; cure: string }>;

export type ErrorCode = keyof typeof ERRORS;

const BRAND = Symbol.for('tallygate.error');

export interface TallygateErrorOptions {
  /** One sentence: what is wrong, with the value that was found. No secrets, no prompt text. */
  message: string;
  /** Overrides the table's cure when a more exact one is known. */
  cure?: string;
  cause?: unknown;
}

/** Root of every error of ours. Recognise it with `TallygateError.isInstance`: two copies of the package may be loaded. */
export class TallygateError extends Error {
  readonly code: ErrorCode;
  readonly cure: string;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, options: TallygateErrorOptions) {
    const cure = options.cure ?? ERRORS[code].cure;
    super(`${options.message} ${cure}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TallygateError';
    this.code = code;
    this.cure = cure;
  }

  get httpStatus(): number {
    return ERRORS[this.code].httpStatus;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }

  static isInstance(value: unknown): value is TallygateError {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
  }
}
