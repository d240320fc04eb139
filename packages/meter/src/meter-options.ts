import type { Backend, Clock, Logger } from '@tallygate/usage';
import type { AttributionResolver } from './attribution-scope.ts';
import type { LadderOptions } from './ladder/ladder-options.ts';
import type { MeterPorts } from './ports.ts';

/** `mode` off: pass everything by. observe: meter, and record what would have been denied. enforce: deny what does not fit. */
export interface MeterOptions extends AttributionResolver, LadderOptions {
  clock: Clock;
  logger: Logger;
  /** The provider's id of the API key, where the application knows it. */
  apiKeyId: string | null;
  /** Where calls run; told by the host when absent. */
  backend?: Backend;
  /** Gate, sink and configuration. Asked for at each call, so that opening them costs an application's start nothing. */
  ports: () => Promise<MeterPorts>;
  /** off: OpenTelemetry is left alone. on (default): used where the application has it, by the package and SDK it registered. */
  telemetry?: 'off' | 'on';
  /** Loads the package, where an application keeps it elsewhere than an import finds it. */
  loadOpenTelemetry?: () => Promise<unknown>;
}
