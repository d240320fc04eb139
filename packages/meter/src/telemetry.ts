import type { UsageEvent } from '@tallygate/usage';
import type { Admission } from './admit.ts';

/** What an application's own observability learns of an attempt. Telemetry never fails a call and never delays one. */
export interface Telemetry {
  /** Called where the attempt is made: the span that is active there is the attempt's. */
  begin(admission: Pick<Admission, 'attempt' | 'attribution' | 'changed'>): AttemptTelemetry;
}

export interface AttemptTelemetry {
  /** 32 hex digits, or null where no trace is active. */
  traceId: string | null;
  ended(event: UsageEvent): void;
}

const NOTHING: AttemptTelemetry = Object.freeze({ traceId: null, ended: () => {} });

/** Shared by all who have no telemetry, so that nobody has to ask whether there is any. */
export const NO_TELEMETRY: Telemetry = Object.freeze({ begin: () => NOTHING });
